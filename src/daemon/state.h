/* Private to daemon/: what the daemon is made of. The main thread is the control thread; it alone builds
 * and publishes snapshots. */
#ifndef PF_DAEMON_STATE_H
#define PF_DAEMON_STATE_H

#include <jansson.h>
#include <pthread.h>
#include <uv.h>

#include "admin/admin.h"
#include "daemon/devices.h"
#include "daemon/recursion.h"
#include "daemon/sandbox.h"
#include "daemon/supervisor.h"
#include "fetch/fetch.h"
#include "http/http.h"
#include "net/bridge.h"
#include "net/worker.h"
#include "notify/helper.h"
#include "notify/notify.h"
#include "pipeline/pipeline.h"

struct cookies;

struct daemon {
	const char *config_path;
	struct now started;
	struct shared shared;
	size_t worker_count;
	struct snapshot
		*retired; /* not in force any more, but perhaps still read; the control thread's */
	struct worker *workers[CONFIG_WORKERS_MAX];
	struct supervisor *supervisor;
	struct sandbox sandbox;
	struct recursion *recursion; /* NULL: the upstreams are asked */
	struct bridge *bridge;       /* asks them for it; NULL without one */
	struct helper *helper;       /* runs commands; NULL: there are none, or no sandbox */
	struct restart *restart;     /* NULL: it can not be replaced in place */
	bool replace;                /* at the end comes another program */
	struct admin *admin;
	struct admin_web *web; /* listen.web; NULL: none */
	struct admin_live *live;
	char *web_words; /* what the configuration said of it at the start */
	/* What can not change while it runs; a reload that asks for other values is told so. */
	char *control_socket, *journal_path, *journal_rings; /* journal_path NULL: no file */
	char *journal_also;                                  /* config_describe_sinks of the start */
	char *state_folder;
	size_t listen_count;
	struct config_listen listen[CONFIG_LISTEN_MAX];

	uv_loop_t loop;
	uv_signal_t on_term, on_int, on_hup, on_usr2;
	uv_async_t wake; /* somebody wants a reload */
	uv_timer_t save; /* the cache is saved */
	uint64_t saved;  /* how many answers had come into the cache then */
	struct http *http;
	struct fetch *fetch; /* lists that come from elsewhere */
	struct notify *notify;
	struct cookies *cookies;
	struct databases *databases; /* their files are watched */
	struct devices *devices;

	pthread_mutex_t rules_lock; /* whoever changes the added rules */
	bool simulating;            /* atomic: one at a time */
	pthread_mutex_t pause_lock; /* whoever changes shared.pauses */

	/* Reloads that the API asks for, and their outcome. */
	pthread_mutex_t reload_lock;
	pthread_cond_t reload_done;
	uint64_t reloads_wanted, reloads_finished;
	bool ending; /* no reload will be finished any more */
	bool reload_ok;
	json_t *reload_errors; /* of the last reload: ["FILE:LINE:COL: error: …"] */
	json_t *warnings;      /* of the snapshot in force */
};

/* Builds a snapshot and publishes it; a failed build changes nothing. The control thread. */
int reload_snapshot(struct daemon *daemon);
/* The same with the configuration in force, whatever has been written into its file meanwhile: for copies of lists that have
 * changed. */
int rebuild_snapshot(struct daemon *daemon, const char *why);
/* databases.c: watches the files under `geo` and the hosts file, and rebuilds the snapshot when they have changed. _configure: those of this
 * configuration from now on; _loaded: they are read now, as they are. All in the control thread; freed when its loop is closed. */
struct databases *databases_new(struct daemon *daemon);
void databases_configure(struct databases *databases, const struct config *config);
void databases_loaded(struct databases *databases, const struct config *config);
void databases_free(struct databases **databases);

/* kept_cache.c: the cache in the state directory, for who says `cache.save`. _load: what the last daemon saved, before there are workers; _start: it is
 * saved as often as the configuration in force says; _save: now, if it is to be saved at all. The control thread. */
void kept_cache_load(struct daemon *daemon);
void kept_cache_start(struct daemon *daemon);
void kept_cache_save(struct daemon *daemon);
/* certificate.c: makes the certificate that is to be made, when it is not there yet. PF_EIO and a sentence. */
PF_MUST_CHECK int certificate_prepare(const struct config *config, char *error, size_t error_size);

/* Writes the findings to the log. */
void log_findings(const struct diag *diag);

/* journal.c: begins it, unless it is off. PF_EIO, PF_ENOMEM with a sentence. */
PF_MUST_CHECK int daemon_start_journal(struct daemon *daemon, char error[500]);

/* The functions behind the API; called from the admin's threads. */
struct admin_ops api_ops(struct daemon *daemon);
json_t *api_explain(void *data, const char *device, const char *name, const char *type, int *http,
                    char error[500]);

/* pause.c: takes over what the file says; the pauses of this moment, under rcu_read_lock; and `portafilter pause`. */
void pause_load(struct daemon *daemon);
json_t *api_pauses(struct daemon *daemon, int64_t now_us);
json_t *api_pause(void *data, const char *duration, const char *tag, int *http, char error[500]);

/* Loads the configuration anew and waits for that; added_rules.c does so after a change of the rules that people added. The result is that of a
 * reload ("errors" or "warnings"), with the names of all rules that are "added" now.
 * added_with is what the file would be after the change, and changes nothing; NULL with a sentence: it can not be.
 * added_texts: {name: text} of the added rules; those of a file that was written by hand are not in it. */
json_t *api_reload(void *data, int *http, char error[500]);
char *added_with(struct daemon *daemon, const struct admin_rule_change *wish, int *http,
                 char error[500]);
json_t *api_change_rules(void *data, const struct admin_rule_change *wish, int *http,
                         char error[500]);
json_t *added_texts(struct daemon *daemon);

/* simulate.c: rules on the journal, for /api/v1/simulate. */
json_t *api_simulate(void *data, const char *rules, size_t length,
                     const struct store_filter *filter, int *http, char error[500]);
json_t *api_simulate_change(void *data, const struct admin_rule_change *wish,
                            const struct store_filter *filter, int *http, char error[500]);

/* subscriptions.c: what is told of lists that come from elsewhere, by name; and `portafilter lists update`. */
json_t *api_subscriptions(struct daemon *daemon);
json_t *api_update_lists(void *data, const char *name, int *http, char error[500]);

/* "2026-11-25T18:00:00.000Z", or null for never (0). */
json_t *api_time(int64_t wall_us);

/* Events for whoever is told of them, and for those who watch. */
struct event_outlet daemon_outlet(struct daemon *daemon);
/* Who is told of events, and how that goes. */
json_t *api_notify(const struct daemon *daemon);

/* Adds "upstreams" and "forward" (the zones and servers of each group) to the status. Under rcu_read_lock. */
void api_add_upstreams(const struct daemon *daemon, const struct snapshot *snapshot,
                       json_t *status);

/* ["all", "coffee"] */
json_t *api_tags(const struct snapshot *snapshot, tag_set tags);

#endif
