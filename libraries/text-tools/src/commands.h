/* One function per command; each returns the exit status. */
#ifndef COMMANDS_H
#define COMMANDS_H

int text_count(void);
int text_case(void);
int text_wrap(void);
int text_dedupe(void);
int text_diff(void);
int text_template(void);
int encode_base64(void);
int encode_hex(void);
int encode_url(void);
int encode_sha256(void);
int encode_uuid(void);

#endif
