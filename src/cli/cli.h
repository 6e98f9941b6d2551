/* Private to cli/: what the command was asked, and how its verbs answer. */
#ifndef PF_CLI_CLI_H
#define PF_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Exit codes, as promised in portafilter(1). */
enum cli_exit {
	CLI_DONE = 0,
	CLI_NO = 1, /* the answer is no: check found errors, no such device, a reload was refused */
	CLI_USAGE = 2,
	CLI_NO_DAEMON = 3,
};

#define CLI_POSITIONAL_MAX 256 /* addresses of `geo`; tags of a device are fewer */

/* The command line. All strings are argv's. */
struct cli {
	const char *config; /* -c */
	bool json, help, version;
	const char *verb; /* NULL: none */
	size_t positional_count;
	const char *positional[CLI_POSITIONAL_MAX];
	bool follow, unknown, proposals, all;
	const char *device, *name, *action, *standing, *type, *since, *limit, *format, *tag, *kind;
	const char *audit, *journal, *output;
	const char *manifest, *key, *sensor, *origin;
	bool pseudonym;
	int argc; /* as they came, for a manifest */
	char **argv;
	const char *until, *domain, *country, *location, *control, *asn, *rule;
};

/* PF_OK, or PF_EINVAL with a sentence on stderr. With --help or --version only what was said before them is
 * sure to be right. */
PF_MUST_CHECK int cli_parse(int argc, char **argv, struct cli *cli);

/* Parses and runs; the exit code. */
int cli_main(int argc, char **argv);

struct cli_verb {
	const char *name;
	const char *arguments; /* behind the name, without options */
	const char *summary;
	const char *examples; /* lines, each with its end */
	const char *options;  /* letters of the options that it takes, see options.h */
	size_t positional_min, positional_max;
	int (*run)(const struct cli *cli);
};

/* NULL: no such verb. */
const struct cli_verb *cli_verb_find(const char *name);
/* PF_EINVAL, with a sentence on stderr: there is no such verb. `name` NULL: all verbs. */
PF_MUST_CHECK int cli_help(const char *name);

int verb_check(const struct cli *cli);
int verb_status(const struct cli *cli);
int verb_devices(const struct cli *cli);
/* `devices --proposals` */
int verb_proposals(const struct cli *cli);
int verb_tag(const struct cli *cli);
int verb_untag(const struct cli *cli);
int verb_name(const struct cli *cli);
int verb_log(const struct cli *cli);
int verb_explain(const struct cli *cli);
int verb_endpoints(const struct cli *cli);
int verb_events(const struct cli *cli);
int verb_geo(const struct cli *cli);
int verb_lists(const struct cli *cli);
int verb_simulate(const struct cli *cli);
int verb_report(const struct cli *cli);
int verb_pause(const struct cli *cli);
int verb_password(const struct cli *cli);
int verb_import(const struct cli *cli);
int verb_replay(const struct cli *cli);
int verb_reload(const struct cli *cli);
int verb_help(const struct cli *cli);

#endif
