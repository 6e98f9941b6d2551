/* The command line: options may stand before or after the verb. */
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/text.h"

const struct cli_option cli_options[] = {
	{'d', "--device", NULL, "DEVICE", offsetof(struct cli, device),
     "only this one: its name or id"},
	{'n', "--name", NULL, "GLOB", offsetof(struct cli, name),
     "only names like this: a.example.cn, *.cn"},
	{'a', "--action", NULL, "ACTION", offsetof(struct cli, action), "allow, flag or sinkhole"},
	{'s', "--standing", NULL, "STANDING", offsetof(struct cli, standing),
     "home, overseas, disputed, indeterminate or unknown"},
	{'t', "--type", NULL, "TYPE", offsetof(struct cli, type), "A, AAAA, HTTPS …"},
	{'k', "--kind", NULL, "KIND", offsetof(struct cli, kind), "standing-changed or new-country"},
	{'i', "--since", NULL, "TIME", offsetof(struct cli, since),
     "back from now (90s, 1h, 30d), or a UTC time (2026-11-23T20:26:23Z)"},
	{'I', "--until", NULL, "TIME", offsetof(struct cli, until),
     "up to then; written as --since is"},
	{'D', "--domain", NULL, "DOMAIN", offsetof(struct cli, domain),
     "only names of this registered domain: vendor.com"},
	{'C', "--country", NULL, "CC", offsetof(struct cli, country),
     "only what stands there or is run from there: CN"},
	{'L', "--location", NULL, "CC", offsetof(struct cli, location), "only what stands there"},
	{'O', "--control", NULL, "CC", offsetof(struct cli, control), "only what is run from there"},
	{'N', "--asn", NULL, "ASN", offsetof(struct cli, asn),
     "only what this network announces: 37963"},
	{'R', "--rule", NULL, "RULE", offsetof(struct cli, rule),
     "only what this rule decided: its name"},
	{'l', "--limit", NULL, "N", offsetof(struct cli, limit), "at most so many, the newest"},
	{'m', "--format", NULL, "FORMAT", offsetof(struct cli, format),
     "table; for programs csv, jsonl and others, see portafilter(1)"},
	{'M', "--manifest", NULL, "FILE", offsetof(struct cli, manifest),
     "writes there what the export was made from, with digests"},
	{'P', "--pseudonym", NULL, NULL, offsetof(struct cli, pseudonym),
     "devices and clients as keyed hashes"},
	{'K', "--key", NULL, "FILE", offsetof(struct cli, key),
     "the key of the pseudonyms; it is made when there is none"},
	{'E', "--sensor", NULL, "ID", offsetof(struct cli, sensor), "sensor_id of cof"},
	{'o', "--origin", NULL, "URI", offsetof(struct cli, origin), "origin of cof: whose data it is"},
	{'w', "--all", NULL, NULL, offsetof(struct cli, all), "every rule, and why it does not hold"},
	{'g', "--tag", NULL, "TAG", offsetof(struct cli, tag), "only the devices that have it"},
	{'A', "--audit", NULL, "FILE", offsetof(struct cli, audit),
     "a list of addresses, one a line: how far do the sources agree?"},
	{'W', "--output", NULL, "FILE", offsetof(struct cli, output),
     "a file to write, which must not be there yet; default: standard output"},
	{'j', "--journal", NULL, "FILE", offsetof(struct cli, journal),
     "a journal to make or to add to; not that of a running daemon"},
	{'f', "--follow", "-f", NULL, offsetof(struct cli, follow),
     "the last 20, then what comes, until Ctrl-C"},
	{'u', "--unknown", NULL, NULL, offsetof(struct cli, unknown),
     "only those that nobody has named"},
	{'p', "--proposals", NULL, NULL, offsetof(struct cli, proposals),
     "who made them, by the names that they ask for, with the evidence"},
	{0, "--config", "-c", "FILE", offsetof(struct cli, config),
     "the daemon's configuration: it names the socket and the journal"},
	{0, "--json", NULL, NULL, offsetof(struct cli, json), "the same for programs"},
	{0, "--help", "-h", NULL, offsetof(struct cli, help), "this text"},
	{0, "--version", "-V", NULL, offsetof(struct cli, version), "the version"},
};
const size_t cli_option_count = PF_COUNT(cli_options);

/* The words, where we are in them, and which options were taken. */
struct line {
	int argc;
	char **argv;
	int at;
	bool taken[PF_COUNT(cli_options)];
};

/* Is the word this option? `*value` is what stands in the same word: "--x=value", "-xvalue", or NULL. */
static bool is_option(const struct cli_option *option, const char *word, const char **value)
{
	size_t length = strlen(option->name);
	*value = NULL;
	if (!strncmp(word, option->name, length) && (!word[length] || word[length] == '=')) {
		if (word[length])
			*value = word + length + 1;
		return true;
	}
	if (!option->brief || strncmp(word, option->brief, 2))
		return false;
	if (word[2])
		*value = word + 2;
	return !word[2] || option->value;
}

static int take_option(struct line *line, struct cli *cli)
{
	const char *word = line->argv[line->at], *value;
	size_t i = 0;
	while (i < PF_COUNT(cli_options) && !is_option(&cli_options[i], word, &value))
		i++;
	if (i == PF_COUNT(cli_options)) {
		cli_complain("there is no option %s; `portafilter help` lists them.", word);
		return PF_EINVAL;
	}
	const struct cli_option *option = &cli_options[i];
	void *target = (char *)cli + option->offset;
	if (option->value && !value && line->at + 1 < line->argc)
		value = line->argv[++line->at];
	if (option->value ? !value || !*value : value != NULL) {
		cli_complain(option->value ? "%s wants a value." : "%s takes no value.", option->name);
		return PF_EINVAL;
	}
	if (line->taken[i]) {
		cli_complain("%s is given twice.", option->name);
		return PF_EINVAL;
	}
	line->taken[i] = true;
	if (option->value)
		*(const char **)target = value;
	else
		*(bool *)target = true;
	return PF_OK;
}

static int take_word(struct line *line, struct cli *cli)
{
	const char *word = line->argv[line->at];
	if (cli->verb) {
		if (cli->positional_count == CLI_POSITIONAL_MAX) {
			cli_complain("what is \"%s\"? See `portafilter help %s`.", word, cli->verb);
			return PF_EINVAL;
		}
		cli->positional[cli->positional_count++] = word;
		return PF_OK;
	}
	cli->verb = word;
	if (cli_verb_find(word))
		return PF_OK;
	cli_complain("there is no verb %s; `portafilter help` lists them.", word);
	return PF_EINVAL;
}

/* Do options and words go with the verb? */
static int check_verb(const struct line *line, const struct cli *cli)
{
	const struct cli_verb *verb = cli_verb_find(cli->verb);
	for (size_t i = 0; i < PF_COUNT(cli_options); i++) {
		char letter = cli_options[i].letter;
		if (!line->taken[i] || !letter || strchr(verb->options, letter))
			continue;
		cli_complain("%s does not go with %s; see `portafilter help %s`.", cli_options[i].name,
		             verb->name, verb->name);
		return PF_EINVAL;
	}
	if (cli->positional_count < verb->positional_min ||
	    cli->positional_count > verb->positional_max) {
		cli_complain("usage: portafilter %s%s%s; see `portafilter help %s`.", verb->name,
		             *verb->arguments ? " " : "", verb->arguments, verb->name);
		return PF_EINVAL;
	}
	return PF_OK;
}

int cli_parse(int argc, char **argv, struct cli *cli)
{
	struct line line = {.argc = argc, .argv = argv};
	bool only_words = false;
	*cli = (struct cli){.config = PF_SYSCONFDIR "/portafilter/portafilter.yaml",
	                    .argc = argc,
	                    .argv = argv};
	for (line.at = 1; line.at < argc; line.at++) {
		const char *word = argv[line.at];
		int result;
		if (!only_words && !strcmp(word, "--")) {
			only_words = true;
			continue;
		}
		if (!only_words && word[0] == '-' && word[1])
			result = take_option(&line, cli);
		else
			result = take_word(&line, cli);
		if (result != PF_OK)
			return result;
	}
	return cli->verb && !cli->help && !cli->version ? check_verb(&line, cli) : PF_OK;
}
