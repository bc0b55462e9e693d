const std = @import("std");
const wasi = std.os.wasi;

/// A panic ends the command without a report, and without the files and clocks that a report would import.
pub const panic = std.debug.no_panic;

/// What codi hands to a command, in CODI_INVOCATION.
const Invocation = struct { arguments: struct { name: []const u8 } };

pub fn main(init: std.process.Init.Minimal) u8 {
    greet(init) catch return 1;
    return 0;
}

fn greet(init: std.process.Init.Minimal) !void {
    var arena: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);
    const allocator = arena.allocator();
    const environ = try init.environ.createMap(allocator);
    const text = environ.get("CODI_INVOCATION") orelse return error.NotStartedByCodi;
    const invocation = try std.json.parseFromSliceLeaky(Invocation, allocator, text, .{ .ignore_unknown_fields = true });
    try write(try std.fmt.allocPrint(allocator, "Hello, {s}!\n", .{invocation.arguments.name}));
}

/// Write to stdout. std.Io would do it too, and import clock and random, which a user would have to grant.
fn write(text: []const u8) !void {
    var rest = text;
    while (rest.len > 0) {
        var count: usize = 0;
        const part = [_]wasi.ciovec_t{.{ .base = rest.ptr, .len = rest.len }};
        if (wasi.fd_write(1, &part, part.len, &count) != .SUCCESS) return error.WriteFailed;
        rest = rest[count..];
    }
}
