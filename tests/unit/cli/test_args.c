/* The command line: what is taken, and what is refused with exit code 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/options.h"

#define WORDS_MAX 16

static int parse(const char *const *words, struct cli *cli)
{
	char *argv[WORDS_MAX + 1] = {(char *)"portafilter"};
	int argc = 1;
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return cli_parse(argc, argv, cli);
}

#define PARSE(cli, ...) parse((const char *const[]){__VA_ARGS__, NULL}, cli)

static void options_stand_before_and_after_the_verb(void **state)
{
	(void)state;
	struct cli cli;
	assert_int_equal(PARSE(&cli, "-c", "f.yaml", "log", "--device", "lobby coffee", "-f", "--json",
	                       "--since=1h", "--name", "*.cn", "--limit", "5"),
	                 PF_OK);
	assert_string_equal(cli.config, "f.yaml");
	assert_string_equal(cli.verb, "log");
	assert_string_equal(cli.device, "lobby coffee");
	assert_string_equal(cli.since, "1h");
	assert_string_equal(cli.name, "*.cn");
	assert_string_equal(cli.limit, "5");
	assert_true(cli.follow && cli.json && !cli.unknown && !cli.help);
	assert_null(cli.action);
	assert_int_equal(PARSE(&cli, "--since", "1h", "endpoints", "-cf.yaml", "--format=csv"), PF_OK);
	assert_string_equal(cli.config, "f.yaml");
	assert_string_equal(cli.format, "csv");
	assert_int_equal(PARSE(&cli, "--unknown", "--config=x=y", "devices"), PF_OK);
	assert_string_equal(cli.config, "x=y");
	assert_true(cli.unknown);
	assert_int_equal(PARSE(&cli, "log", "--follow", "--action", "flag", "--standing", "home",
	                       "--type", "AAAA"),
	                 PF_OK);
	assert_true(cli.follow);
	assert_string_equal(cli.action, "flag");
	assert_string_equal(cli.standing, "home");
	assert_string_equal(cli.type, "AAAA");
}

static void words_behind_the_verb(void **state)
{
	(void)state;
	struct cli cli;
	assert_int_equal(PARSE(&cli, "explain", "tv", "--json", "a.example", "AAAA"), PF_OK);
	assert_int_equal(cli.positional_count, 3);
	assert_string_equal(cli.positional[2], "AAAA");
	assert_int_equal(PARSE(&cli, "explain", "--", "--json", "-f"), PF_OK);
	assert_false(cli.json);
	assert_string_equal(cli.positional[0], "--json");
	assert_string_equal(cli.positional[1], "-f");
	assert_int_equal(PARSE(&cli, "explain", "-", "a"), PF_OK);
	assert_string_equal(cli.positional[0], "-");
	assert_int_equal(PARSE(&cli, "help"), PF_OK);
	assert_int_equal(PARSE(&cli, "help", "log"), PF_OK);
}

static void nothing_said(void **state)
{
	(void)state;
	struct cli cli;
	assert_int_equal(parse((const char *const[]){NULL}, &cli), PF_OK);
	assert_null(cli.verb);
	assert_non_null(strstr(cli.config, "/portafilter/portafilter.yaml"));
	assert_int_equal(PARSE(&cli, "--version"), PF_OK);
	assert_true(cli.version);
	assert_int_equal(PARSE(&cli, "explain", "-h"), PF_OK); /* its words may be missing */
	assert_true(cli.help);
}

static void what_is_refused(void **state)
{
	(void)state;
	static const char *const lines[][WORDS_MAX] = {
		{"nonsense"},
		{""},
		{"tag", "tv"},
		{"untag"},
		{"simulate"},
		{"replay"},
		{"pause"},
		{"lists", "update", "tv", "more"},
		{"status", "too"},
		{"check", "file.yaml"},
		{"explain"},
		{"explain", "tv"},
		{"explain", "a", "b", "c", "d"},
		{"explain", "a", "b", "--device", "c"},
		{"log", "--nonsense"},
		{"log", "-x"},
		{"log", "-fx"},
		{"log", "-f=1"},
		{"log", "--follow=1"},
		{"log", "--json=yes"},
		{"log", "--device"},
		{"log", "--device="},
		{"log", "--device", ""},
		{"log", "--device", "a", "--device", "b"},
		{"log", "-f", "--follow"},
		{"log", "--devicex", "a"},
		{"log", "--sensor", "x"},
		{"log", "--unknown"},
		{"log", "-c"},
		{"-c", "a", "-c", "b", "log"},
		{"status", "--since", "1h"},
		{"status", "-f"},
		{"lists", "--device", "a"},
		{"endpoints", "-f"},
		{"events", "--action", "flag"},
		{"reload", "--limit", "1"},
		{"help", "log", "devices"},
		{"--json"
	     "=",
	     "status"},
	};
	for (size_t i = 0; i < PF_COUNT(lines); i++) {
		struct cli cli;
		if (parse(lines[i], &cli) != PF_EINVAL)
			fail_msg("taken: %s %s %s", lines[i][0], lines[i][1] ? lines[i][1] : "",
			         lines[i][1] && lines[i][2] ? lines[i][2] : "");
	}
}

/* Every verb has a help of its own, and its letters are options. */
static void verbs_and_options_fit(void **state)
{
	(void)state;
	static const char *const verbs[] = {"check", "status",  "devices",   "tag",   "untag",
	                                    "log",   "explain", "endpoints", "lists", "reload",
	                                    "help",  "import",  "replay"};
	for (size_t i = 0; i < PF_COUNT(verbs); i++) {
		const struct cli_verb *verb = cli_verb_find(verbs[i]);
		assert_non_null(verb);
		assert_non_null(verb->run);
		assert_non_null(strstr(verb->examples, verbs[i]));
		for (const char *letter = verb->options; *letter; letter++) {
			size_t found = 0;
			for (size_t o = 0; o < cli_option_count; o++)
				found += cli_options[o].letter == *letter;
			assert_int_equal(found, 1);
		}
	}
	assert_null(cli_verb_find("lo"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_before_and_after_the_verb),
		cmocka_unit_test(words_behind_the_verb),
		cmocka_unit_test(nothing_said),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(verbs_and_options_fit),
	};
	return cmocka_run_group_tests_name("cli: arguments", tests, NULL, NULL);
}
