import WireSystem

Environment.reserveStandardDescriptors()
Environment.exit(Command.run(CommandLine.arguments).status)
