import Glibc
import WireSimDriver

exit(SimulationCommand.run(CommandLine.arguments))
