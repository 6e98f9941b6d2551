/* Private to cli/: the API over the control socket (libcurl), and the journal without the daemon. */
#ifndef PF_CLI_CLIENT_H
#define PF_CLI_CLIENT_H

#include "cli/cli.h"

struct client;

/* Reads the configuration for the socket and the journal's path. NULL after a sentence on stderr. */
struct client *client_open(const struct cli *cli);
void client_close(struct client **client);

struct client_param {
	const char *name, *value; /* a NULL value is left out */
};

/* Asks. CLI_DONE and a new reference in `*out`; else CLI_NO (the daemon's sentence goes to stderr, and the document of the problem to `*out`, which
 * may be NULL) or CLI_NO_DAEMON (nothing is printed, client_error says why). */
int client_get(struct client *client, const char *path, const struct client_param *params,
               size_t count, json_t **out);
int client_post(struct client *client, const char *path, json_t **out);
const char *client_error(const struct client *client);

/* Prints why the daemon does not answer; returns CLI_NO_DAEMON. */
int client_no_daemon(const struct client *client);

/* "queries" or "endpoints" of the journal: from the daemon, or when it does not answer, from the file. Exit code as above;
 * when neither can be had both reasons are printed. */
int client_ask_journal(struct client *client, const char *what, const struct client_param *params,
                       size_t count, json_t **out);

#endif
