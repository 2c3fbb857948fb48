import Glibc

let status = await Soak(CommandLine.arguments).run()
exit(status)
