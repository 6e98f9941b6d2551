/* The verbs and their help. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/text.h"

static const struct cli_verb verbs[] = {
	{"check", "", "is this configuration right? every error with its line",
     "  portafilter check\n"
     "  portafilter check -c new.yaml && cp new.yaml /etc/portafilter/portafilter.yaml\n",
     "", 0, 0, verb_check},
	{"status", "", "is it well? queries, upstreams, drops, databases and their age",
     "  portafilter status\n"
     "  portafilter status --json | jq .queries\n",
     "", 0, 0, verb_status},
	{"devices", "", "who is here, and what the journal knows of them",
     "  portafilter devices\n"
     "  portafilter devices --unknown\n"
     "  portafilter devices --proposals --device \"lobby coffee\"\n",
     "updil", 0, 0, verb_devices},
	{"tag", "DEVICE TAG…", "gives a device tags, which rules speak of, from the next query on",
     "  portafilter tag 64:bc:0c:80:7e:1f coffee\n"
     "  portafilter tag 192.168.1.7 camera guest\n",
     "", 2, 17, verb_tag},
	{"untag", "DEVICE TAG…", "takes tags away that `tag` has given",
     "  portafilter untag 64:bc:0c:80:7e:1f coffee\n", "", 2, 17, verb_untag},
	{"name", "DEVICE NAME", "what you call a device that the configuration does not name",
     "  portafilter name 64:bc:0c:80:7e:1f \"lobby coffee\"\n"
     "  portafilter name \"lobby coffee\" \"\"\n",
     "", 2, 2, verb_name},
	{"log", "", "what was asked, and what became of it",
     "  portafilter log -f\n"
     "  portafilter log --device \"lobby coffee\" --action sinkhole --since 1d\n"
     "  portafilter log --name '*.cn' --json\n",
     "fdnastilmIDCLONRgMPK", 0, 0, verb_log},
	{"explain", "DEVICE NAME [TYPE]",
     "what would happen, which rule, which list line, which evidence",
     "  portafilter explain \"lobby coffee\" a.example.cn\n"
     "  portafilter explain 192.168.40.7 www.example.com AAAA --all\n",
     "w", 2, 3, verb_explain},
	{"endpoints", "", "where the answers point: name, address, location, control",
     "  portafilter endpoints --standing overseas\n"
     "  portafilter endpoints --device tv --format csv > tv.csv\n",
     "dnastilmIDCLONRgMPKEo", 0, 0, verb_endpoints},
	{"report", "",
     "who it talks to, where that stands and who runs it, when, what was new, what was sinkholed",
     "  portafilter report --device \"lobby coffee\" --format html > coffee.html\n"
     "  portafilter report --tag camera --since 90d\n",
     "dgiImnastDCLONRM", 0, 0, verb_report},
	{"simulate", "RULES.yaml",
     "what would have come out differently with these rules; exit code 1: something would break",
     "  portafilter simulate new.yaml --since 30d\n"
     "  portafilter simulate rules.yaml --tag tv --json | jq .look_first\n",
     "dgiInastDCLONR", 1, 1, verb_simulate},
	{"events", "",
     "what moved: names that stand elsewhere than before, countries met for the first time",
     "  portafilter events --since 7d\n"
     "  portafilter events --device \"yard camera\" --kind standing-changed --json\n",
     "dkil", 0, 0, verb_events},
	{"geo", "ADDRESS…", "where an address stands, who runs it, and what each database says",
     "  portafilter geo 120.92.123.219 2a00:1450:4001:80b::200e\n"
     "  portafilter geo --audit addresses.txt --json > audit.json\n",
     "A", 0, CLI_POSITIONAL_MAX, verb_geo},
	{"lists", "[update [NAME]]", "the lists, their sizes, where they come from; fetch them now",
     "  portafilter lists\n"
     "  portafilter lists update\n"
     "  portafilter lists update native-xiaomi\n",
     "", 0, 2, verb_lists},
	{"pause", "DURATION | off", "for a while nothing is sinkholed; it ends by itself",
     "  portafilter pause 10m\n"
     "  portafilter pause 2h --tag tv\n"
     "  portafilter pause off\n",
     "g", 1, 1, verb_pause},
	{"password", "[admin | viewer]",
     "who may look at the dashboard, and who may change things there (listen.web)",
     "  portafilter password\n"
     "  portafilter password viewer\n"
     "  pass show portafilter | portafilter password\n",
     "", 0, 1, verb_password},
	{"import", "pihole | adguard FILE",
     "moving in: a configuration, or a journal, of what Pi-hole or AdGuard Home have",
     "  portafilter import pihole /etc/pihole/gravity.db --output pihole.yaml\n"
     "  portafilter import pihole /etc/pihole/pihole-FTL.db --journal old.db\n"
     "  portafilter import adguard AdGuardHome.yaml --output adguard.yaml\n",
     "Wj", 2, 2, verb_import},
	{"replay", "FILE…",
     "captures (pcap, pcapng, dnstap) instead of live traffic: what would have been?",
     "  portafilter replay lobby.pcap\n"
     "  portafilter replay *.pcapng --journal lobby.db\n"
     "  tcpdump -w - port 53 | portafilter replay -\n",
     "j", 1, CLI_POSITIONAL_MAX, verb_replay},
	{"reload", "", "read configuration, lists and databases again",
     "  portafilter check && portafilter reload\n", "", 0, 0, verb_reload},
	{"help", "[VERB]", "this text, or more on one verb", "  portafilter help log\n", "", 0, 1,
     verb_help},
};

const struct cli_verb *cli_verb_find(const char *name)
{
	for (size_t i = 0; i < PF_COUNT(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static void print_option(const struct cli_option *option)
{
	char words[64];
	snprintf(words, sizeof words, "%s%s%s%s%s", option->brief ? option->brief : "",
	         option->brief ? ", " : "", option->name, option->value ? " " : "",
	         option->value ? option->value : "");
	printf("  %-21s %s\n", words, option->meaning);
}

static void help_verb(const struct cli_verb *verb)
{
	printf("Usage: portafilter %s%s%s [OPTION…]\n\n  %s\n\nOptions:\n", verb->name,
	       *verb->arguments ? " " : "", verb->arguments, verb->summary);
	for (size_t i = 0; i < cli_option_count; i++)
		if (!cli_options[i].letter || strchr(verb->options, cli_options[i].letter))
			print_option(&cli_options[i]);
	printf("\nExamples:\n%s", verb->examples);
}

static void help_all(void)
{
	printf("Usage: portafilter VERB [OPTION…]\n\n");
	for (size_t i = 0; i < PF_COUNT(verbs); i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
	printf("\nOptions of every verb (`portafilter help VERB` tells the others):\n");
	for (size_t i = 0; i < cli_option_count; i++)
		if (!cli_options[i].letter)
			print_option(&cli_options[i]);
	printf("\nExamples:\n");
	for (size_t i = 0; i < PF_COUNT(verbs); i++)
		printf("%s", verbs[i].examples);
	printf("\nExit codes: 0 done, 1 the answer is no, 2 usage, 3 the daemon does not answer.\n"
	       "DNS can not show what a device dials without asking. See portafilter(1).\n");
}

int cli_help(const char *name)
{
	const struct cli_verb *verb = name ? cli_verb_find(name) : NULL;
	if (name && !verb) {
		cli_complain("there is no verb %s; `portafilter help` lists them.", name);
		return PF_EINVAL;
	}
	if (verb)
		help_verb(verb);
	else
		help_all();
	return PF_OK;
}

int verb_help(const struct cli *cli)
{
	return cli_help(cli->positional_count ? cli->positional[0] : NULL) == PF_OK ? CLI_DONE
	                                                                            : CLI_USAGE;
}
