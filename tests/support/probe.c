/* A WASI command that tries what its words say: `read FD PATH`, `write FD PATH TEXT`, `link …`; one line for each. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
WASI(args_sizes_get) u32 args_sizes_get(u32 *count, u32 *size);
WASI(args_get) u32 args_get(char **argv, char *buffer);
WASI(environ_sizes_get) u32 environ_sizes_get(u32 *count, u32 *size);
WASI(environ_get) u32 environ_get(char **pointers, char *buffer);
WASI(fd_prestat_get) u32 fd_prestat_get(u32 fd, u32 *prestat);
WASI(fd_prestat_dir_name) u32 fd_prestat_dir_name(u32 fd, char *name, u32 size);
WASI(fd_read) u32 fd_read(u32 fd, void *parts, u32 count, u32 *done);
WASI(fd_write) u32 fd_write(u32 fd, void *parts, u32 count, u32 *done);
WASI(path_open) u32 path_open(u32 fd, u32 flags, const char *path, u32 size, u32 open, u64 rights, u64 inherited, u32 fdflags, u32 *opened);
WASI(path_link) u32 path_link(u32 fd, u32 flags, const char *path, u32 size, u32 to, const char *name, u32 name_size);
WASI(path_symlink) u32 path_symlink(const char *path, u32 size, u32 fd, const char *name, u32 name_size);
WASI(path_unlink_file) u32 path_unlink_file(u32 fd, const char *path, u32 size);
WASI(path_rename) u32 path_rename(u32 fd, const char *path, u32 size, u32 to, const char *name, u32 name_size);
WASI(proc_exit) void proc_exit(u32 status);

static char *argv[64], buffer[65536], *environ[64], variables[65536], name[1024], data[4096];

static u32 length(const char *text) { u32 n = 0; while (text[n]) n++; return n; }
static int same(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
static void out(u32 fd, const char *text, u32 size) { struct { const char *p; u32 n; } part = {text, size}; u32 done; fd_write(fd, &part, 1, &done); }
static void say(const char *text) { out(1, text, length(text)); }
static void number(u32 n) { char digits[12]; int at = 12; do digits[--at] = '0' + n % 10; while (n /= 10); out(1, digits + at, 12 - at); }
static void line(const char *word, u32 error) { say(word); say(" "); number(error); say("\n"); }

/* The preopened folder that a path lies in (the longest), and the rest of the path. */
static u32 folder(const char *path, const char **rest) {
    u32 best = 99, longest = 0, prestat[2];
    *rest = path;
    for (u32 fd = 3; fd_prestat_get(fd, prestat) == 0; fd++) {
        u32 size = prestat[1], at = 0;
        fd_prestat_dir_name(fd, name, size);
        while (at < size && name[at] == path[at]) at++;
        if (at < size || (path[at] != '/' && path[at]) || (best != 99 && size < longest)) continue;
        best = fd, longest = size, *rest = path[at] ? path + at + 1 : ".";
    }
    return best;
}

int _start_(void) {
    u32 count, size, status = 0;
    args_sizes_get(&count, &size);
    args_get(argv, buffer);
    for (u32 at = 1; at < count; at++) {
        const char *word = argv[at], *rest, *other;
        u32 fd, to, file, error, done;
        struct { char *p; u32 n; } part = {data, sizeof data};
        if (same(word, "exit")) { status = argv[++at][0] - '0'; }
        else if (same(word, "words")) { for (u32 i = 0; i < count; i++) { say(argv[i]); say("\n"); } }
        else if (same(word, "stdin")) { fd_read(0, &part, 1, &done); out(1, data, done); }
        else if (same(word, "environ")) {
            environ_sizes_get(&count, &size);
            environ_get(environ, variables);
            for (u32 i = 0; i < count; i++) { say(environ[i]); say("\n"); }
            break;
        }
        else if (same(word, "folders")) {
            u32 prestat[2];
            for (u32 i = 3; fd_prestat_get(i, prestat) == 0; i++) { fd_prestat_dir_name(i, name, prestat[1]); out(1, name, prestat[1]); say("\n"); }
        }
        else if (same(word, "read")) {
            fd = folder(argv[++at], &rest);
            error = path_open(fd, 1, rest, length(rest), 0, 2, 0, 0, &file);
            line("read", error);
            if (!error && !fd_read(file, &part, 1, &done)) out(1, data, done);
        }
        else if (same(word, "write") || same(word, "append")) {
            u32 flags = same(word, "write") ? 1 | 8 : 1;
            fd = folder(argv[++at], &rest);
            error = path_open(fd, 1, rest, length(rest), flags, 64 | 2, 0, flags == 1 ? 1 : 0, &file);
            line(word, error);
            at++;
            if (!error) out(file, argv[at], length(argv[at]));
        }
        else if (same(word, "hoard")) { fd = folder(argv[++at], &rest); for (;;) path_open(fd, 1, rest, length(rest), 1, 64 | 2, 0, 0, &file); }
        else if (same(word, "delete")) { fd = folder(argv[++at], &rest); line("delete", path_unlink_file(fd, rest, length(rest))); }
        else if (same(word, "symlink")) { other = argv[++at]; fd = folder(argv[++at], &rest); line("symlink", path_symlink(other, length(other), fd, rest, length(rest))); }
        else if (same(word, "link") || same(word, "rename")) {
            fd = folder(argv[++at], &rest);
            to = folder(argv[++at], &other);
            error = same(word, "link") ? path_link(fd, 0, rest, length(rest), to, other, length(other)) : path_rename(fd, rest, length(rest), to, other, length(other));
            line(word, error);
        }
    }
    if (status) proc_exit(status);
    return 0;
}
__attribute__((export_name("_start"))) void start(void) { _start_(); }
