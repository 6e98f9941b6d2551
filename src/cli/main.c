/* The portafilter command: argv → verb. */
#include <config.h>

#include <stdio.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
	struct cli cli;
	if (cli_parse(argc, argv, &cli) != PF_OK)
		return CLI_USAGE;
	if (cli.version) {
		printf("portafilter %s\n", PACKAGE_VERSION);
		return CLI_DONE;
	}
	if (cli.help) {
		cli_help(cli.verb);
		return CLI_DONE;
	}
	if (!cli.verb) {
		fputs("portafilter: say what to do; `portafilter help` lists the verbs.\n", stderr);
		return CLI_USAGE;
	}
	return cli_verb_find(cli.verb)->run(&cli);
}
