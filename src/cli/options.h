/* Private to cli/: the options, for the parser and for the help. */
#ifndef PF_CLI_OPTIONS_H
#define PF_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct cli_option {
	char letter;       /* names it in struct cli_verb's `options`; 0: goes with every verb */
	const char *name;  /* "--device" */
	const char *brief; /* "-f", or NULL */
	const char *value; /* what its value is called in the help; NULL: it takes none */
	size_t offset;     /* in struct cli: of a string, or of a bool when it takes no value */
	const char *meaning;
};

extern const struct cli_option cli_options[];
extern const size_t cli_option_count;

#endif
