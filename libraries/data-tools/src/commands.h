/* One function per command; each returns the exit status. */
#ifndef COMMANDS_H
#define COMMANDS_H

int json_query(void);
int json_format(void);
int json_changes(void);
int json_diff(void);
int json_validate(void);
int csv_to_json(void);
int csv_from_json(void);
int csv_query(void);

#endif
