import WireSystem

Environment.reserveStandardDescriptors()
Environment.exit(await Command.run(CommandLine.arguments).status)
