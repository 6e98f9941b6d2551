/* Private to cli/: what the two halves of `simulate` share. */
#ifndef PF_CLI_SIMULATE_H
#define PF_CLI_SIMULATE_H

#include "cli/cli.h"
#include "pipeline/simulate.h"

struct simulate_parts {
	struct config *config;
	struct lists *lists;
	struct policy *policy;
	struct simulate_result result;
};

/* Prints the outcome. CLI_NO when anything that was let through would be sinkholed, else CLI_DONE. */
int simulate_print(const struct cli *cli, const struct store_filter *filter,
                   const struct simulate_parts *parts);

#endif
