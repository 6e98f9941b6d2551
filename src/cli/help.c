/* The verbs and their help. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const struct cli_verb verbs[] = {
	{"check", "check [-c FILE] [--json]", "is this configuration right? every error with its line",
     "  portafilter check -c new.yaml\n", "", 0, 0, verb_check},
	{"status", "status [--json]", "is it well? queries, upstreams, drops, databases and their age",
     "  portafilter status\n", "", 0, 0, verb_status},
	{"devices", "devices [--unknown] [--json]", "who is here, and what the journal knows of them",
     "  portafilter devices --unknown\n", "u", 0, 0, verb_devices},
	{"log",
     "log [-f] [--device D] [--name GLOB] [--action A] [--standing S] [--type T] [--since 1h] [--limit N]",
     "what was asked, and what became of it",
     "  portafilter log -f\n  portafilter log --device \"lobby coffee\" --action sinkhole --since 1d\n"
     "  portafilter log --name '*.cn' --json\n",
     "fdnastil", 0, 0, verb_log},
	{"explain", "explain DEVICE NAME [TYPE] [--json]",
     "what would happen, which rule, which list line, which evidence",
     "  portafilter explain \"lobby coffee\" a.example.cn\n  portafilter explain 192.168.40.7 www.example.com AAAA\n",
     "", 2, 3, verb_explain},
	{"endpoints",
     "endpoints [--device D] [--name GLOB] [--standing S] [--type T] [--since 30d] [--limit N] [--format table|csv|jsonl]",
     "where the answers point: name, address, location, control",
     "  portafilter endpoints --standing overseas\n  portafilter endpoints --device tv --format csv > tv.csv\n",
     "dnstilm", 0, 0, verb_endpoints},
	{"lists", "lists [--json]", "the lists, their sizes, and the lines that were not taken",
     "  portafilter lists\n", "", 0, 0, verb_lists},
	{"reload", "reload [--json]", "read configuration, lists and databases again",
     "  portafilter reload\n", "", 0, 0, verb_reload},
	{"help", "help [VERB]", "this text, or more on one verb", "  portafilter help log\n", "", 0, 1,
     verb_help},
};

static const char *const future[] = {"tag",   "untag",  "simulate", "replay",
                                     "pause", "report", "import",   "geo"};

const struct cli_verb *cli_verb_find(const char *name)
{
	for (size_t i = 0; i < PF_COUNT(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

bool cli_verb_is_future(const char *name)
{
	for (size_t i = 0; i < PF_COUNT(future); i++)
		if (!strcmp(future[i], name))
			return true;
	return false;
}

void cli_help(const char *name)
{
	const struct cli_verb *verb = name ? cli_verb_find(name) : NULL;
	if (verb) {
		printf("portafilter %s\n\n  %s\n\nExamples:\n%s", verb->synopsis, verb->summary,
		       verb->examples);
		return;
	}
	printf("Usage: portafilter VERB [-c FILE] [--json] …\n\n");
	for (size_t i = 0; i < PF_COUNT(verbs); i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
	printf("\n  -c FILE    the daemon's configuration: it names the socket and the journal\n"
	       "  --json     the same for programs\n\nExamples:\n");
	for (size_t i = 0; i < PF_COUNT(verbs); i++)
		printf("%s", verbs[i].examples);
	printf(
		"\nExit codes: 0 done, 1 the answer is no, 2 usage, 3 the daemon does not answer. See portafilter(1).\n");
}

int verb_help(const struct cli *cli)
{
	if (cli->positional_count && !cli_verb_find(cli->positional[0])) {
		fprintf(stderr, "portafilter: there is no verb %s; `portafilter help` lists them.\n",
		        cli_safe(cli->positional[0]));
		return CLI_USAGE;
	}
	cli_help(cli->positional_count ? cli->positional[0] : NULL);
	return CLI_DONE;
}
