/* Private to cli/: the journal's file, asked without the daemon. */
#ifndef PF_CLI_ASK_H
#define PF_CLI_ASK_H

#include "cli/client.h"
#include "config/config.h"
#include "report/tagged.h"

/* A filter with all that it borrows from, and the journal that it is for. */
struct ask {
	struct store *store;
	struct store_filter filter;
	struct tagged tagged;
};

/* Reads the parameters; a tag becomes the list of its devices, which the daemon is asked for, and when it does not answer the
 * configuration (house.h). `now` is what durations count back from. CLI_DONE; else CLI_USAGE or CLI_NO with a sentence
 * in `error`. Call ask_close in any case. */
PF_MUST_CHECK int ask_filter(struct client *client, const struct params *params, struct now now,
                             struct ask *ask, char error[500]);
/* Opens the journal that the configuration names. CLI_DONE, or CLI_NO with a sentence in `error`. */
PF_MUST_CHECK int ask_open(const struct config *config, struct ask *ask, char error[500]);
void ask_close(struct ask *ask);

#endif
