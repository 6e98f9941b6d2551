/* The admin: the API over HTTP (libmicrohttpd) on the control socket and, with the dashboard, on listen.web, outside the DNS path.
 * What it asks of the daemon goes through `struct admin_ops`, so that it knows neither the workers nor
 * the snapshot; what it asks of the journal goes through report/. */
#ifndef PF_ADMIN_ADMIN_H
#define PF_ADMIN_ADMIN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/addr.h"
#include "base/error.h"
#include "config/config.h"
#include "value/event.h"

#define ADMIN_BODY_BYTES_MAX (64u << 10)

struct store_filter;

/* A change of the rules that people added, which stand before those of the configuration: `rule`, as one would stand there, comes into
 * the place of the one that is named `instead`. Without `instead` it is one more, before the others; without `rule` the old one goes
 * away. `place` (from 1, among the added ones; 0: not given) says where it stands; without `rule` the old one moves there. */
struct admin_rule_change {
	const char *rule, *instead;
	int64_t place;
};

/* Filled by the daemon; every function may be called from any thread of the admin, may block, and
 * returns a new JSON reference or NULL with a sentence in `error` (500 chars) and an HTTP status in `*http`. */
struct admin_ops {
	void *data;
	json_t *(*status)(void *data, int *http, char error[500]);
	json_t *(*devices)(void *data, int *http, char error[500]);
	/* Gives a device tags (divided by commas), or takes them away. */
	json_t *(*tag)(void *data, const char *device, const char *tags, bool untag, int *http,
	               char error[500]);
	json_t *(*lists)(void *data, int *http, char error[500]);
	json_t *(*rules)(void *data, int *http, char error[500]);
	json_t *(*explain)(void *data, const char *device, const char *name, const char *type,
	                   int *http, char error[500]);
	/* `name` NULL: all lists that come from elsewhere. */
	json_t *(*update_lists)(void *data, const char *name, int *http, char error[500]);
	/* `duration` may be "off". */
	json_t *(*pause)(void *data, const char *duration, const char *tag, int *http, char error[500]);
	/* `rules` are the text of the request, at most ADMIN_BODY_BYTES_MAX. */
	json_t *(*simulate)(void *data, const char *rules, size_t length,
	                    const struct store_filter *filter, int *http, char error[500]);
	json_t *(*simulate_change)(void *data, const struct admin_rule_change *change,
	                           const struct store_filter *filter, int *http, char error[500]);
	json_t *(*reload)(void *data, int *http, char error[500]);
	json_t *(*change_rules)(void *data, const struct admin_rule_change *change, int *http,
	                        char error[500]);
	/* What the databases in force say of addresses, at most ADDRESSES_ASKED_MAX (report/addresses.h). */
	json_t *(*geo)(void *data, const struct addr *addresses, size_t count, int *http,
	               char error[500]);
	/* What people call a device that the configuration does not name; "" takes the name away. */
	json_t *(*name_device)(void *data, const char *device, const char *name, int *http,
	                       char error[500]);
	/* The path of the table of names that is in force, the caller's; NULL: nothing is proposed, or no memory. */
	char *(*recognise_path)(void *data);
};

/* The sockets and the certificate of listen.web, opened while we are root. PF_OK and NULL when nothing is to listen, or when nobody
 * has asked for what can not be opened (a warning in the log). PF_EIO, PF_ENOMEM with a sentence. */
struct admin_web;
/* `take` gives a socket that listens on an address already (-1: there is none), with `take_data`. */
PF_MUST_CHECK int admin_web_open(const struct config_web *config,
                                 int (*take)(void *data, const struct addr_port *address),
                                 void *take_data, struct admin_web **out, char error[500]);
/* The sockets, for the program that comes after this one; `fds` has room for CONFIG_WEB_MAX. Returns how many. */
size_t admin_web_sockets(const struct admin_web *web, int *fds);
/* Says in the log where it is. */
void admin_web_announce(const struct admin_web *web);
void admin_web_close(struct admin_web **web);

/* The live streams, which outlive the admin's other parts: events may be raised by any thread until it is freed. NULL without memory
 * or a thread. Freed when the admin has stopped. */
struct admin_live;
struct admin_live *admin_live_new(void);
struct event_outlet admin_live_outlet(struct admin_live *live);
void admin_live_free(struct admin_live **live);

struct admin_options {
	const char *socket_path;  /* unix socket, mode 0660; its folder must exist */
	const char *journal_path; /* NULL: no journal is kept */
	struct admin_ops ops;
	/* Passwords and tokens are kept there; NULL: they are not, and listen.web is left alone. */
	const char *state_folder;
	struct admin_live *live; /* outlives it; NULL: no streams */
	/* Outlives it, but for its sockets, which are the admin's from now on; NULL: the control socket only. */
	struct admin_web *web;
};

struct admin;
/* Binds the socket (replacing a stale one that nobody answers on; PF_ECONFLICT when somebody does) and starts
 * the threads. PF_EINVAL: listen.web would let in everybody. `error` gets a sentence. */
PF_MUST_CHECK int admin_start(const struct admin_options *options, struct admin **out,
                              char error[500]);
/* Reads the certificate of listen.web again; when it has changed, whoever comes from now on gets the new one. PF_OK; PF_EIO with a
 * sentence: the one in use stays; PF_EINVAL: likewise, and the files are not good. The thread that starts and stops it. */
PF_MUST_CHECK int admin_renew_certificate(struct admin *admin, const struct config_web *config,
                                          char error[500]);
void admin_stop(struct admin **admin);

#endif
