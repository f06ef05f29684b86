// Runs the program in Node, with the arguments that follow.
import { dotnet } from './_framework/dotnet.js';

const code = await dotnet.withApplicationArguments(...process.argv.slice(2)).run();
process.exit(code);
