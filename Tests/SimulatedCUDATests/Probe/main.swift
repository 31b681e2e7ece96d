import Glibc

// What tests run in processes of its own. The first argument is the driver's library.
//
//     share CONTEXTS KERNEL START NANOSECONDS   keeps contexts busy from then on; prints nanoseconds of kernels done
//     cost                                      prints the nanoseconds that a launch takes
//     soak SEED NANOSECONDS                     allocates, frees and launches at random, and dies in some way or other
//     room GPU                                  prints free and all bytes of a GPU
//     hold BYTES                                allocates, prints its pid, and waits to be killed
//     steps                                     makes the calls that standard input names, and prints their results

// Whoever started it may have had signals blocked, and it is to die of them.
var none = sigset_t()
sigemptyset(&none)
sigprocmask(SIG_SETMASK, &none, nil)

let arguments = CommandLine.arguments
guard arguments.count > 2 else { stop("usage: probe LIBRARY COMMAND ...") }
if arguments[2] == "steps" {
    Steps(arguments[1]).run()
    exit(0)
}
let driver = Driver(arguments[1])

func number(_ index: Int) -> UInt64 {
    guard index < arguments.count, let value = UInt64(arguments[index]) else { stop("argument \(index) is no number") }
    return value
}

switch arguments[2] {
case "share":
    Share(driver).run(contexts: Int(number(3)), kernel: arguments[4], start: number(5), length: number(6))
case "cost": Cost(driver).run()
case "soak":
    var soak = Soak(driver, seed: number(3))
    soak.run(length: number(4))
case "room": Hold(driver).printRoom(device: Int32(number(3)))
case "hold": Hold(driver).run(bytes: Int(number(3)))
default: stop("no command \(arguments[2])")
}
