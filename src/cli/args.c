/* The command line: options may stand before or after the verb. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* An option of verbs; its letter stands in struct cli_verb's `options`. */
struct option {
	char letter;
	const char *name; /* "--device" */
	size_t offset;    /* of a string in struct cli, or of a bool */
	bool flag;
	const char *short_name;
};

#define STRING(letter, name, member)                            \
	{                                                           \
		letter, name, offsetof(struct cli, member), false, NULL \
	}
#define FLAG(letter, name, member, brief)                       \
	{                                                           \
		letter, name, offsetof(struct cli, member), true, brief \
	}

static const struct option options[] = {
	STRING('d', "--device", device),     STRING('n', "--name", name),
	STRING('a', "--action", action),     STRING('s', "--standing", standing),
	STRING('t', "--type", type),         STRING('i', "--since", since),
	STRING('l', "--limit", limit),       STRING('m', "--format", format),
	FLAG('f', "--follow", follow, "-f"), FLAG('u', "--unknown", unknown, NULL),
};

static int complain(const char *format, const char *word)
{
	fputs("portafilter: ", stderr);
	fprintf(stderr, format, cli_safe(word));
	fputs("\n", stderr);
	return PF_EINVAL;
}

/* The value of "--x=value" or "--x value"; NULL when `word` is not this option. */
static const char *value_of(const char *name, int argc, char **argv, int *at, bool *missing)
{
	size_t length = strlen(name);
	const char *word = argv[*at];
	*missing = false;
	if (!strncmp(word, name, length) && word[length] == '=')
		return word + length + 1;
	if (strcmp(word, name))
		return NULL;
	if (*at + 1 >= argc) {
		*missing = true;
		return word;
	}
	return argv[++*at];
}

static int take_option(int argc, char **argv, int *at, struct cli *cli, char *used)
{
	const char *word = argv[*at];
	for (size_t i = 0; i < PF_COUNT(options); i++) {
		const struct option *option = &options[i];
		void *target = (char *)cli + option->offset;
		if (option->flag) {
			if (strcmp(word, option->name) &&
			    (!option->short_name || strcmp(word, option->short_name)))
				continue;
			*(bool *)target = true;
		} else {
			bool missing;
			const char *value = value_of(option->name, argc, argv, at, &missing);
			if (!value)
				continue;
			if (missing)
				return complain("%s wants a value.", option->name);
			*(const char **)target = value;
		}
		used[strlen(used)] = option->letter;
		return PF_OK;
	}
	return complain("there is no option %s; `portafilter help` lists them.", word);
}

static int take_global(int argc, char **argv, int *at, struct cli *cli, bool *taken)
{
	const char *word = argv[*at];
	bool missing = false;
	*taken = true;
	if (!strcmp(word, "--json")) {
		cli->json = true;
	} else if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
		cli->help = true;
	} else if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
		cli->version = true;
	} else {
		const char *value = value_of("-c", argc, argv, at, &missing);
		if (!value)
			value = value_of("--config", argc, argv, at, &missing);
		*taken = value != NULL;
		if (missing)
			return complain("%s wants a file.", word);
		if (value)
			cli->config = value;
	}
	return PF_OK;
}

static int check_options(const struct cli *cli, const struct cli_verb *verb, const char *used)
{
	for (; *used; used++) {
		if (strchr(verb->options, *used))
			continue;
		for (size_t i = 0; i < PF_COUNT(options); i++)
			if (options[i].letter == *used)
				fprintf(stderr, "portafilter: %s does not go with %s; see `portafilter help %s`.\n",
				        options[i].name, cli->verb, cli->verb);
		return PF_EINVAL;
	}
	if (cli->positional_count < verb->positional_min ||
	    cli->positional_count > verb->positional_max) {
		fprintf(stderr, "Usage: portafilter %s\n", verb->synopsis);
		return PF_EINVAL;
	}
	return PF_OK;
}

int cli_parse(int argc, char **argv, struct cli *cli)
{
	char used[64] = "";
	bool only_words = false;
	*cli = (struct cli){.config = PF_SYSCONFDIR "/portafilter/portafilter.yaml"};
	for (int at = 1; at < argc; at++) {
		bool taken = false;
		if (strlen(used) > sizeof used - 2)
			return complain("too many options at %s.", argv[at]);
		if (!only_words && !strcmp(argv[at], "--")) {
			only_words = true;
			continue;
		}
		if (!only_words && argv[at][0] == '-' && argv[at][1]) {
			if (take_global(argc, argv, &at, cli, &taken) != PF_OK)
				return PF_EINVAL;
			if (!taken && take_option(argc, argv, &at, cli, used) != PF_OK)
				return PF_EINVAL;
		} else if (!cli->verb) {
			cli->verb = argv[at];
		} else if (cli->positional_count < CLI_POSITIONAL_MAX) {
			cli->positional[cli->positional_count++] = argv[at];
		} else {
			return complain("what is %s?", argv[at]);
		}
	}
	if (!cli->verb || cli->help || cli->version)
		return PF_OK;
	const struct cli_verb *verb = cli_verb_find(cli->verb);
	if (verb)
		return check_options(cli, verb, used);
	return complain(cli_verb_is_future(cli->verb)
	                    ? "%s is not in this version."
	                    : "there is no verb %s; `portafilter help` lists them.",
	                cli->verb);
}
