/* One function per command; each returns the exit status. */
#ifndef COMMANDS_H
#define COMMANDS_H

int prompt_generate(void);
int prompt_lint(void);
int prompt_list(void);
int prompt_show(void);
int prompt_test(void);
int prompt_variables(void);

#endif
