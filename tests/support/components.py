"""Components for tests, from their text: `wasi:cli` commands around a few lines of core WebAssembly."""

from __future__ import annotations

_HOST = """
 (import "wasi:io/error@0.2.0" (instance $io-error (export "error" (type (sub resource)))))
 (alias export $io-error "error" (type $error))
 (import "wasi:io/streams@0.2.0" (instance $streams
  (export "output-stream" (type $stream (sub resource)))
  (alias outer 1 $error (type $error'))
  (export "error" (type $own-error (eq $error')))
  (type $failure' (variant (case "last-operation-failed" (own $own-error)) (case "closed")))
  (export "stream-error" (type $failure (eq $failure')))
  (export "[method]output-stream.blocking-write-and-flush"
   (func (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $failure)))))))
 (alias export $streams "output-stream" (type $stream))
 (import "wasi:cli/stdout@0.2.0" (instance $stdout
  (alias outer 1 $stream (type $stream'))
  (export "output-stream" (type $own-stream (eq $stream')))
  (export "get-stdout" (func (result (own $own-stream))))))
 (core func $get-stdout (canon lower (func $stdout "get-stdout")))
 (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory (core memory $memory "memory"))))
"""
_STDOUT = '(export "get-stdout" (func $get-stdout)) (export "write" (func $write))'


def component(run: str, *, functions: str = "", host: str = _HOST, given: str = _STDOUT, wants: str = "") -> str:
    """A command.

    Args:
        run: the body of its `run`, which leaves a `result` on the stack: 0 is success.
        functions: other core functions, memories and tables.
        host: its imports, lowered to core functions.
        given: of those, what the core module gets.
        wants: how the core module imports what is given beyond stdout.
    """
    if given.startswith(_STDOUT):
        wants = f"""(import "host" "get-stdout" (func $get-stdout (result i32)))
  (import "host" "write" (func $write (param i32 i32 i32 i32))) {wants}"""
    return f"""(component
 (core module $with-memory (memory (export "memory") 1) (data (i32.const 64) "hello\\n"))
 (core instance $memory (instantiate $with-memory))
 {host}
 (core module $main (import "memory" "memory" (memory 1)) {wants} {functions}
  (func (export "run") (result i32) {run}))
 (core instance $main
  (instantiate $main (with "memory" (instance $memory)) (with "host" (instance {given}))))
 (func $run (result (result)) (canon lift (core func $main "run")))
 (instance $exported (export "run" (func $run)))
 (export "wasi:cli/run@0.2.6" (instance $exported)))"""


_WRITE = "(call $write (call $get-stdout) (i32.const 64) (i32.const {size}) (i32.const 0))"
HELLO = component(_WRITE.format(size=6) + "(i32.const 0)")
FAIL = component("(i32.const 1)")
LOOP = component("(loop (br 0)) (i32.const 0)")
TRAP = component("unreachable")
RECURSE = component("(call $deeper)", functions="(func $deeper (result i32) (i32.add (call $deeper) (i32.const 1)))")
GROW = component("(loop (drop (memory.grow (i32.const 64))) (br 0)) (i32.const 0)")
LEAP = component("(drop (memory.grow (i32.const 20000))) (i32.store (i32.const 0x4000000) (i32.const 1)) unreachable")
FLOOD = component("(loop " + _WRITE.format(size=4096) + "(br 0)) (i32.const 0)")
TABLES = component("(i32.const 0)", functions="(table 20000 funcref)")
LARGE = component("(i32.const 0)").replace('(memory (export "memory") 1)', '(memory (export "memory") 30000)')
NO_RUN = "(component)"
WRONG_RUN = HELLO.replace("(result (result))", "(result u32)")

_ANSWER_LATER = """
 (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $pollable (sub resource)))
  (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
 (alias export $poll "pollable" (type $pollable))
 (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
  (alias outer 1 $pollable (type $pollable'))
  (export "pollable" (type $own-pollable (eq $pollable')))
  (export "subscribe-duration" (func (param "when" u64) (result (own $own-pollable))))))
 (core func $block (canon lower (func $poll "[method]pollable.block")))
 (core func $after (canon lower (func $clock "subscribe-duration")))"""
SLEEP = component(
    "(call $block (call $after (i64.const 60000000000))) (i32.const 0)",
    host=_ANSWER_LATER,
    given='(export "block" (func $block)) (export "after" (func $after))',
    wants='(import "host" "block" (func $block (param i32))) (import "host" "after" (func $after (param i64) (result i32)))',
)


def asking(interface: str, function: str) -> str:
    """A component that asks a host function for a number of 64 bits."""
    return component(
        "(drop (call $ask)) (i32.const 0)",
        host=f"""(import "{interface}" (instance $of (export "{function}" (func (result u64)))))
 (core func $ask (canon lower (func $of "{function}")))""",
        given='(export "ask" (func $ask))',
        wants='(import "host" "ask" (func $ask (result i64)))',
    )


RANDOM = asking("wasi:random/random@0.2.0", "get-random-u64")
CLOCK = asking("wasi:clocks/monotonic-clock@0.2.0", "now")
FOREIGN = asking("acme:secrets/all@0.2.0", "read")
HTTP = HELLO.replace(
    "(core func $get-stdout", '(import "wasi:http/types@0.2.0" (instance (export "x" (func)))) (core func $get-stdout'
)
TYPES_ALONE = HELLO.replace(
    "(core func $get-stdout",
    '(import "wasi:clocks/wall-clock@0.2.0" (instance (type $t (record (field "seconds" u64) (field "nanoseconds" u32)))'
    ' (export "datetime" (type (eq $t))))) (core func $get-stdout',
)

_ERRORS = (
    "unknown access-denied not-supported invalid-argument out-of-memory timeout concurrency-conflict not-in-progress "
    "would-block invalid-state new-socket-limit address-not-bindable address-in-use remote-unreachable connection-refused "
    "connection-reset connection-aborted datagram-too-large name-unresolvable temporary-resolver-failure "
    "permanent-resolver-failure"
)
_SOCKETS = f"""
 (import "wasi:sockets/network@0.2.0" (instance $net
  (export "network" (type (sub resource)))
  (type $errors (enum {" ".join(f'"{name}"' for name in _ERRORS.split())}))
  (export "error-code" (type (eq $errors)))
  (type $families (enum "ipv4" "ipv6"))
  (export "ip-address-family" (type (eq $families)))
  (type $address4 (tuple u8 u8 u8 u8))
  (export "ipv4-address" (type $v4 (eq $address4)))
  (type $address6 (tuple u16 u16 u16 u16 u16 u16 u16 u16))
  (export "ipv6-address" (type $v6 (eq $address6)))
  (type $socket4 (record (field "port" u16) (field "address" $v4)))
  (export "ipv4-socket-address" (type $s4 (eq $socket4)))
  (type $socket6 (record (field "port" u16) (field "flow-info" u32) (field "address" $v6) (field "scope-id" u32)))
  (export "ipv6-socket-address" (type $s6 (eq $socket6)))
  (type $sockets (variant (case "ipv4" $s4) (case "ipv6" $s6)))
  (export "ip-socket-address" (type (eq $sockets)))))
 (alias export $net "network" (type $network))
 (alias export $net "error-code" (type $error-code))
 (alias export $net "ip-address-family" (type $family))
 (alias export $net "ip-socket-address" (type $address))
 (import "wasi:sockets/instance-network@0.2.0" (instance $instance
  (alias outer 1 $network (type $n)) (export "network" (type $own (eq $n)))
  (export "instance-network" (func (result (own $own))))))
 (import "wasi:sockets/tcp@0.2.0" (instance $tcp
  (export "tcp-socket" (type $socket (sub resource)))
  (alias outer 1 $network (type $n)) (export "network" (type $own (eq $n)))
  (alias outer 1 $error-code (type $e)) (export "error-code" (type $error (eq $e)))
  (alias outer 1 $address (type $a)) (export "ip-socket-address" (type $to (eq $a)))
  (export "[method]tcp-socket.start-connect" (func (param "self" (borrow $socket)) (param "network" (borrow $own))
   (param "remote-address" $to) (result (result (error $error)))))))
 (alias export $tcp "tcp-socket" (type $tcp-socket))
 (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $create
  (alias outer 1 $tcp-socket (type $s)) (export "tcp-socket" (type $own (eq $s)))
  (alias outer 1 $error-code (type $e)) (export "error-code" (type $error (eq $e)))
  (alias outer 1 $family (type $f)) (export "ip-address-family" (type $of (eq $f)))
  (export "create-tcp-socket" (func (param "address-family" $of) (result (result (own $own) (error $error)))))))
 (core func $network (canon lower (func $instance "instance-network")))
 (core func $socket (canon lower (func $create "create-tcp-socket") (memory (core memory $memory "memory"))))
 (core func $connect (canon lower (func $tcp "[method]tcp-socket.start-connect") (memory (core memory $memory "memory"))))"""


def connecting(port: int) -> str:
    """A component that connects to a port of this machine; it fails unless a socket, or connecting, is refused."""
    address = " ".join(f"(i32.const {number})" for number in (0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    return component(
        f"""(call $socket (i32.const 0) (i32.const 0))
  (if (result i32) (i32.load8_u (i32.const 0)) (then (i32.const 0)) (else
   (call $connect (i32.load (i32.const 4)) (call $network) {address} (i32.const 16))
   (i32.eqz (i32.load8_u (i32.const 16)))))""",
        host=_SOCKETS,
        given='(export "socket" (func $socket)) (export "network" (func $network)) (export "connect" (func $connect))',
        wants=f"""(import "host" "network" (func $network (result i32)))
  (import "host" "socket" (func $socket (param i32 i32)))
  (import "host" "connect" (func $connect (param i32 i32 {"i32 " * 12} i32)))""",
    )


LINKED = """(component
 (component $inner
  (core module $m (memory (export "memory") 1) (func (export "take") (param i32 i32))
   (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func (export "take") (param "text" string)
   (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
 (component $outer
  (import "take" (func $take (param "text" string)))
  (core module $with-memory (memory (export "memory") 1))
  (core instance $memory (instantiate $with-memory))
  (core func $lowered (canon lower (func $take) (memory (core memory $memory "memory"))))
  (core module $m (import "host" "take" (func $take (param i32 i32)))
   (func (export "run") (result i32) (call $take (i32.const 0) (i32.const 5)) (i32.const 0)))
  (core instance $i (instantiate $m (with "host" (instance (export "take" (func $lowered))))))
  (func (export "run") (result (result)) (canon lift (core func $i "run"))))
 (instance $inner (instantiate $inner))
 (instance $outer (instantiate $outer (with "take" (func $inner "take"))))
 (instance $exported (export "run" (func $outer "run")))
 (export "wasi:cli/run@0.2.0" (instance $exported)))"""
"""Two components, linked: what one gives the other passes through both memories."""
