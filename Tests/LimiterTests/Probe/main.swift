import Glibc

// What the limiter's tests run in processes of its own. The first argument is the driver's library.
//
//     share THREADS KERNEL START NANOSECONDS [graph|streams|sync]
//                                     keeps contexts busy from then on; prints nanoseconds of kernels done
//     random SEED NANOSECONDS         allocates and frees at random; prints what went wrong, or nothing
//     threads COUNT NANOSECONDS       the same in threads; prints free and all bytes when all is given back
//     hold BYTES                      allocates, prints its pid, and waits to be killed
//     churn BYTES                     says its pid and allocates and frees that much until it is killed
//     room                            prints free and all bytes of the first GPU
//     fill BYTES                      allocates pieces of that size until it is refused; prints the sum

var none = sigset_t()
sigemptyset(&none)
sigprocmask(SIG_SETMASK, &none, nil)

let arguments = CommandLine.arguments
guard arguments.count > 2 else { stop("usage: probe LIBRARY COMMAND ...") }
let driver = Driver(arguments[1])

func number(_ index: Int) -> UInt64 {
    guard index < arguments.count, let value = UInt64(arguments[index]) else { stop("argument \(index) is no number") }
    return value
}

switch arguments[2] {
case "share":
    let form = arguments.count > 7 ? arguments[7] : "plain"
    Share(driver, form: form).run(threads: Int(number(3)), kernel: arguments[4], start: number(5), length: number(6))
case "random":
    var random = RandomMemory(driver, seed: number(3))
    random.run(length: number(4))
case "threads":
    RandomThreads(driver, length: number(4)).run(count: Int(number(3)))
    var (free, total) = (0, 0)
    check(driver.information(&free, &total), "cuMemGetInfo")
    print(free, total)
case "hold":
    driver.makeContext()
    var address: UInt64 = 0
    check(driver.allocate(&address, Int(number(3))), "cuMemAlloc")
    print(getpid())
    fflush(nil)
    while true { pause() }
case "churn":
    driver.makeContext()
    print(getpid())
    fflush(nil)
    while true {
        var address: UInt64 = 0
        let status = driver.allocate(&address, Int(number(3)))
        if status == 0 { check(driver.free(address), "cuMemFree") } else if status != 2 { check(status, "cuMemAlloc") }
    }
case "room":
    driver.makeContext()
    var (free, total) = (0, 0)
    check(driver.information(&free, &total), "cuMemGetInfo")
    print(free, total)
case "fill":
    driver.makeContext()
    var sum: UInt64 = 0
    while true {
        var address: UInt64 = 0
        let status = driver.allocate(&address, Int(number(3)))
        if status == 2 { break }
        check(status, "cuMemAlloc")
        sum += number(3)
    }
    print(sum)
default: stop("no command \(arguments[2])")
}
