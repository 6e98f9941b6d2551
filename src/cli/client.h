/* Private to cli/: the API over the control socket (libcurl), and the journal without the daemon. */
#ifndef PF_CLI_CLIENT_H
#define PF_CLI_CLIENT_H

#include <jansson.h>

#include "cli/cli.h"
#include "config/config.h"
#include "report/params.h"

struct client;

/* Reads the configuration for the socket and the journal's path. CLI_DONE and the caller's `*out`; else after
 * sentences on stderr CLI_NO (it has errors) or CLI_USAGE (it can not be read). */
PF_MUST_CHECK int client_open(const struct cli *cli, struct client **out);
void client_close(struct client **client);
const struct config *client_config(const struct client *client);

/* Asks. CLI_DONE and a new reference in `*out`; else CLI_NO (the daemon's sentence goes to stderr, and the
 * problem's document to `*out`) or CLI_NO_DAEMON (nothing is printed yet). */
PF_MUST_CHECK int client_get(struct client *client, const char *path, const struct params *params,
                             json_t **out);
PF_MUST_CHECK int client_post(struct client *client, const char *path, json_t **out);
/* The same with members that are no matter for a URL; `body` stays the caller's. */
PF_MUST_CHECK int client_post_json(struct client *client, const char *path, json_t *body,
                                   json_t **out);

/* Prints why the daemon does not answer; returns CLI_NO_DAEMON. */
int client_no_daemon(const struct client *client);

/* One whole verb that asks the daemon: prints the document as JSON, or with `print`. Returns the exit code.
 * `params` NULL: none. */
int client_run(const struct cli *cli, const char *path, const struct params *params, bool post,
               void (*print)(json_t *document));

/* "queries", "endpoints", "events" or "proposals" of the journal: from the daemon, or when it does not answer, from the file; when
 * neither can be had both reasons go to stderr. The exit code as above, with CLI_USAGE for a parameter that can
 * not be. */
PF_MUST_CHECK int client_ask_journal(struct client *client, const char *what,
                                     const struct params *params, json_t **out);

/* A line for each pause of "pauses". */
void cli_print_pauses(json_t *pauses);

/* All that the command line says of which rows are wanted, but for since and limit. */
void client_filter_params(struct params *params, const struct cli *cli);

/* Adds a parameter; nothing when `value` is NULL. */
void client_param(struct params *params, const char *name, const char *value);

#endif
