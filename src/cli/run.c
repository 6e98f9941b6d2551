/* From the command line to the verb, and the one place where it shows whether all that was said has
 * arrived. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

static int run(int argc, char **argv)
{
	struct cli cli;
	if (cli_parse(argc, argv, &cli) != PF_OK)
		return CLI_USAGE;
	if (cli.version) {
		printf("portafilter %s\n", PACKAGE_VERSION);
		return CLI_DONE;
	}
	if (cli.help)
		return cli_help(cli.verb) == PF_OK ? CLI_DONE : CLI_USAGE;
	if (!cli.verb) {
		cli_complain("say what to do; `portafilter help` lists the verbs.");
		return CLI_USAGE;
	}
	return cli_verb_find(cli.verb)->run(&cli);
}

int cli_main(int argc, char **argv)
{
	int result = run(argc, argv);
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return result;
	cli_complain("the output can not be written: %s.",
	             errno ? strerror(errno) : "an earlier write failed");
	return result == CLI_DONE ? CLI_NO : result;
}
