/* The main thread: starts everything in order, then is the control thread (signals, neighbours,
 * reloads), then ends everything in the reverse order. */
#define _GNU_SOURCE /* SCHED_BATCH */
#include "daemon/daemon.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/image.h"
#include "base/log.h"
#include "daemon/cookies.h"
#include "daemon/devices.h"
#include "daemon/privileges.h"
#include "daemon/restart.h"
#include "daemon/state.h"
#include "net/handover.h"

#define FILES_BESIDE 5000 /* questions to upstreams, lists, databases, the journal */
#define ERROR_MAX 500
/* Allocations from here on are mappings of their own: what snapshots consist of, nothing that packets need. */
#define LARGE_BYTES_MIN (256 << 10)
#define TRIM_BYTES_MIN (1 << 20)

/* Of the control thread, once the workers run: on the scale of nice(1), a tenth of a core where packets want all of them. */
#define CONTROL_NICE 10

/* ---- control ----------------------------------------------------------------------------- */

static void on_wake(uv_async_t *wake)
{
	struct daemon *daemon = wake->data;
	pthread_mutex_lock(&daemon->reload_lock);
	uint64_t wanted = daemon->reloads_wanted;
	bool any = wanted != daemon->reloads_finished;
	pthread_mutex_unlock(&daemon->reload_lock);
	if (!any)
		return;
	int error = reload_snapshot(daemon);
	(void)error; /* told in the log and in reload_errors */
	pthread_mutex_lock(&daemon->reload_lock);
	daemon->reloads_finished = wanted;
	pthread_cond_broadcast(&daemon->reload_done);
	pthread_mutex_unlock(&daemon->reload_lock);
}

static void on_hup(uv_signal_t *handle, int number)
{
	(void)number;
	int error = reload_snapshot(handle->data);
	(void)error; /* told in the log */
}

static void on_end(uv_signal_t *handle, int number)
{
	struct daemon *daemon = handle->data;
	log_info("ending: %s", number == SIGTERM ? "SIGTERM" : "SIGINT");
	uv_stop(&daemon->loop);
}

static void on_usr2(uv_signal_t *handle, int number)
{
	(void)number;
	struct daemon *daemon = handle->data;
	if (!restart_is_sound(daemon))
		return;
	log_info("ending, to be replaced: SIGUSR2");
	daemon->replace = true;
	uv_stop(&daemon->loop);
}

static int on_copies_changed(void *data)
{
	return rebuild_snapshot(data, "new copies of lists");
}

static void on_notified(void *data, size_t list)
{
	fetch_notify(data, list);
}

/* Lists that come from elsewhere (their copies are in the snapshot already), and who is told of events. */
static int start_clients(struct daemon *daemon)
{
	struct shared *shared = &daemon->shared;
	const struct config *config = shared->snapshot->config;
	daemon->http = http_new(&daemon->loop);
	if (!daemon->http)
		return PF_ENOMEM;
	http_configure(daemon->http, config, shared->snapshot->local);
	daemon->fetch = fetch_new(&daemon->loop, daemon->http, on_copies_changed, daemon);
	daemon->notify = notify_new(&daemon->loop, daemon->http);
	daemon->live = admin_live_new();
	if (!daemon->fetch || !daemon->notify || !daemon->live)
		return PF_ENOMEM;
	bool fenced = sandbox_is_up(&daemon->sandbox);
	if (fenced && notify_use_helper(daemon->notify, daemon->helper) != PF_OK)
		return PF_EIO;
	shared->notified = on_notified;
	shared->notified_data = daemon->fetch;
	notify_configure(daemon->notify, config);
	return fetch_configure(daemon->fetch, config, clock_now());
}

static void stop_clients(struct daemon *daemon)
{
	if (daemon->fetch)
		fetch_stop(daemon->fetch);
	if (daemon->notify)
		notify_stop(daemon->notify);
	devices_end_names(daemon->devices);
	if (!daemon->http)
		return;
	while (!http_idle(daemon->http)) /* until its last question is answered, or given up */
		uv_run(&daemon->loop, UV_RUN_ONCE);
	http_stop(daemon->http);
}

static int start_control(struct daemon *daemon)
{
	if (uv_loop_init(&daemon->loop))
		return PF_EIO;
	daemon->loop.data = daemon; /* end_control must close it */
	uv_async_init(&daemon->loop, &daemon->wake, on_wake);
	uv_signal_init(&daemon->loop, &daemon->on_term);
	uv_signal_init(&daemon->loop, &daemon->on_int);
	uv_signal_init(&daemon->loop, &daemon->on_hup);
	uv_signal_init(&daemon->loop, &daemon->on_usr2);
	daemon->wake.data = daemon->on_term.data = daemon->on_int.data = daemon;
	daemon->on_hup.data = daemon->on_usr2.data = daemon;
	uv_signal_start(&daemon->on_term, on_end, SIGTERM);
	uv_signal_start(&daemon->on_int, on_end, SIGINT);
	uv_signal_start(&daemon->on_hup, on_hup, SIGHUP);
	uv_signal_start(&daemon->on_usr2, on_usr2, SIGUSR2);
	devices_start(daemon->devices, &daemon->loop);
	daemon->cookies = cookies_new(&daemon->shared, daemon->state_folder, &daemon->loop);
	if (daemon->recursion)
		recursion_watch(daemon->recursion, &daemon->loop);
	daemon->databases = databases_new(daemon);
	if (!daemon->databases || !daemon->cookies)
		return PF_ENOMEM;
	databases_configure(daemon->databases, daemon->shared.snapshot->config);
	databases_loaded(daemon->databases, daemon->shared.snapshot->config);
	return start_clients(daemon);
}

static void close_handle(uv_handle_t *handle, void *data)
{
	(void)data;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void end_control(struct daemon *daemon)
{
	if (!daemon->loop.data)
		return;
	stop_clients(daemon);
	uv_walk(&daemon->loop, close_handle, NULL);
	uv_run(&daemon->loop, UV_RUN_DEFAULT);
	fetch_free(&daemon->fetch);
	notify_free(&daemon->notify);
	http_free(&daemon->http);
	uv_loop_close(&daemon->loop);
	databases_free(&daemon->databases);
	cookies_free(&daemon->cookies, &daemon->shared);
}

/* ---- starting ---------------------------------------------------------------------------- */

static void raise_file_limit(void)
{
	struct rlimit limit;
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static size_t count_workers(const struct config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = config->workers ? config->workers : cores > 0 ? (size_t)cores : 1;
	return count < CONFIG_WORKERS_MAX ? count : CONFIG_WORKERS_MAX;
}

/* Connections of all workers, and about as many files again for what else is open. */
static void tell_file_limit(const struct daemon *daemon)
{
	struct rlimit limit;
	uint64_t wanted = (uint64_t)daemon->worker_count * daemon->shared.snapshot->config->connections;
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < wanted + FILES_BESIDE)
		log_info(
			"this process may have %llu files open, and %zu workers with %u TCP connections each "
			"(listen.connections) would need %llu: who comes last is not let in then",
			(unsigned long long)limit.rlim_cur, daemon->worker_count,
			daemon->shared.snapshot->config->connections,
			(unsigned long long)wanted + FILES_BESIDE);
}

static int remember(struct daemon *daemon, const struct config *config)
{
	daemon->worker_count = count_workers(config);
	daemon->listen_count = config->listen_count;
	memcpy(daemon->listen, config->listen, sizeof daemon->listen);
	daemon->control_socket = strdup(config->control_socket);
	daemon->journal_rings = strdup(config->journal_rings);
	daemon->journal_also = config_describe_sinks(config);
	daemon->web_words = config_describe_web(config);
	daemon->state_folder = strdup(config->state);
	if (config->journal_enabled)
		daemon->journal_path = strdup(config->journal_path);
	bool whole = daemon->control_socket && daemon->journal_rings && daemon->journal_also &&
	             daemon->web_words && daemon->state_folder &&
	             (daemon->journal_path || !config->journal_enabled);
	return whole ? PF_OK : PF_ENOMEM;
}

/* The folder of copies, when there is a list that needs one. */
static int make_state_folder(const struct privileges *privileges, const struct config *config,
                             char error[ERROR_MAX])
{
	char file[PATH_MAX];
	for (size_t i = 0; i < config->list_count; i++) {
		if (!config->lists[i].url && !config->lists[i].rpz)
			continue;
		snprintf(file, sizeof file, "%s/lists", config->state);
		return privileges_make_folder(privileges, file, error, ERROR_MAX);
	}
	return PF_OK;
}

static int take_web(void *inherited, const struct addr_port *address)
{
	return handover_take(inherited, address, SOCK_STREAM);
}

static int open_sockets(struct daemon *daemon, const struct config *config, struct socket_set *sets,
                        char error[ERROR_MAX])
{
	struct handover inherited;
	handover_receive(&inherited);
	int result = sockets_open(daemon->listen, daemon->listen_count, &inherited, sets,
	                          daemon->worker_count, error, ERROR_MAX);
	if (result == PF_OK)
		result = admin_web_open(&config->web, take_web, &inherited, &daemon->web, error);
	handover_close(&inherited);
	return result;
}

/* The last things that need what the sandbox takes away: SQLite looks for a place for its temporary files wherever it can write, and
 * commands are run by somebody else. */
static int enter_sandbox(struct daemon *daemon, const struct config *config, char error[ERROR_MAX])
{
	char folder[PATH_MAX];
	snprintf(folder, sizeof folder, "%s", config->journal_path);
	setenv("SQLITE_TMPDIR", dirname(folder), 0);
	daemon->helper = helper_receive();
	bool fenced = sandbox_is_inherited() || config->sandbox != CONFIG_SANDBOX_OFF;
	if (!daemon->helper && fenced && !sandbox_is_inherited() && helper_is_wanted(config) &&
	    helper_start(config, &daemon->helper) != PF_OK) {
		snprintf(error, ERROR_MAX, "There is no process to run commands (`notify`): %s.",
		         strerror(errno));
		return PF_EIO;
	}
	daemon->recursion = recursion_receive();
	if (!daemon->recursion && config_recurses(config) && !sandbox_is_inherited() &&
	    recursion_start(config, &daemon->recursion, error, ERROR_MAX) != PF_OK)
		return PF_EIO;
	return sandbox_enter(config, &daemon->sandbox, error, ERROR_MAX);
}

/* Sockets and folders as root, all else as the user: what cannot be read at a reload must fail now. */
static int bind_and_drop(struct daemon *daemon, const struct config *config,
                         struct socket_set *sets, char error[ERROR_MAX])
{
	struct privileges privileges;
	if (privileges_choose(config->user, &privileges, error, ERROR_MAX) != PF_OK)
		return PF_EINVAL;
	if (open_sockets(daemon, config, sets, error) != PF_OK ||
	    privileges_make_folder(&privileges, daemon->control_socket, error, ERROR_MAX) != PF_OK)
		return PF_EIO;
	if (daemon->journal_path &&
	    privileges_make_folder(&privileges, daemon->journal_path, error, ERROR_MAX) != PF_OK)
		return PF_EIO;
	if ((daemon->journal_path || config->sink_count) &&
	    privileges_make_folder(&privileges, daemon->journal_rings, error, ERROR_MAX) != PF_OK)
		return PF_EIO;
	if (make_state_folder(&privileges, config, error) != PF_OK)
		return PF_EIO;
	char remembered[PATH_MAX], ignored[ERROR_MAX];
	snprintf(remembered, sizeof remembered, "%s/pauses", daemon->state_folder);
	/* DNS is answered without it; the log says so when something is to be remembered. */
	(void)!privileges_make_folder(&privileges, remembered, ignored, sizeof ignored);
	int result = privileges_drop(&privileges, error, ERROR_MAX);
	if (result == PF_OK)
		result = certificate_prepare(config, error, ERROR_MAX);
	return result == PF_OK ? enter_sandbox(daemon, config, error) : result;
}

static int start_workers(struct daemon *daemon, struct socket_set *sets, char error[ERROR_MAX])
{
	struct shared *shared = &daemon->shared;
	pause_load(daemon);
	shared->sightings = devices_sightings(daemon->devices);
	shared->listen = daemon->listen;
	shared->listen_count = daemon->listen_count;
	shared->cache = cache_new(shared->snapshot->config->cache.bytes, shared->key);
	shared->flights = flight_table_new();
	shared->limiter = limiter_new(shared->key);
	snprintf(error, ERROR_MAX, "The workers can not be started: out of memory.");
	if (!shared->cache || !shared->flights || !shared->limiter)
		return PF_ENOMEM;
	kept_cache_load(daemon);
	daemon->restart = restart_new(sets, daemon->worker_count, daemon->web);
	if (daemon->recursion &&
	    bridge_start(shared, recursion_bridge(daemon->recursion), &daemon->bridge) != PF_OK)
		return PF_ENOMEM;
	for (size_t i = 0; i < daemon->worker_count; i++) {
		daemon->workers[i] = worker_new(shared, i, &sets[i]);
		if (!daemon->workers[i])
			return PF_ENOMEM;
	}
	for (size_t i = 0; i < daemon->worker_count; i++)
		if (worker_start(daemon->workers[i]) != PF_OK)
			return PF_EIO;
	return PF_OK;
}

static int start_admin(struct daemon *daemon, char error[ERROR_MAX])
{
	struct admin_options options = {.socket_path = daemon->control_socket,
	                                .journal_path = daemon->journal_path,
	                                .ops = api_ops(daemon),
	                                .state_folder = daemon->state_folder,
	                                .live = daemon->live,
	                                .web = daemon->web};
	return admin_start(&options, &daemon->admin, error);
}

/* What must be known before privileges are dropped. */
static int prepare(struct daemon *daemon, struct socket_set *sets, char error[ERROR_MAX])
{
	struct diag diag;
	struct config *config = NULL;
	diag_init(&diag);
	int result = config_load(daemon->config_path, &diag, &config);
	snprintf(error, ERROR_MAX, "%s can not be used.", daemon->config_path);
	if (result != PF_OK)
		log_findings(&diag);
	else
		result = remember(daemon, config);
	if (result == PF_OK)
		result = bind_and_drop(daemon, config, sets, error);
	config_free(&config);
	diag_deinit(&diag);
	return result;
}

static int start(struct daemon *daemon, struct socket_set *sets, char error[ERROR_MAX])
{
	int result = prepare(daemon, sets, error);
	if (result == PF_OK) {
		/* Its thread: behind the sandbox, which each thread has from the one that starts it, and before this one yields to the
		 * workers. */
		(void)get_default_call_rcu_data();
		snprintf(error, ERROR_MAX, "%s can not be used.", daemon->config_path);
		result = reload_snapshot(daemon);
	}
	if (result == PF_OK)
		snprintf(error, ERROR_MAX, "The control loop can not be started.");
	if (result == PF_OK)
		result = start_control(daemon);
	if (result == PF_OK)
		result = daemon_start_journal(daemon, error);
	if (result == PF_OK)
		result = start_workers(daemon, sets, error);
	if (result == PF_OK) {
		snprintf(error, ERROR_MAX, "The workers can not be watched: no thread.");
		daemon->supervisor = supervisor_start(daemon->workers, daemon->worker_count);
		result = daemon->supervisor ? PF_OK : PF_ENOMEM;
	}
	if (result == PF_OK)
		result = start_admin(daemon, error);
	return result;
}

/* ---- ending ------------------------------------------------------------------------------ */

static void end(struct daemon *daemon)
{
	struct shared *shared = &daemon->shared;
	/* Nobody will reload any more: whoever waits for it must not keep the admin from ending. */
	pthread_mutex_lock(&daemon->reload_lock);
	daemon->ending = true;
	pthread_cond_broadcast(&daemon->reload_done);
	pthread_mutex_unlock(&daemon->reload_lock);
	if (daemon->fetch)
		fetch_refuse(daemon->fetch);
	admin_stop(&daemon->admin);
	admin_web_close(&daemon->web);
	supervisor_stop(&daemon->supervisor);
	for (size_t i = 0; i < daemon->worker_count; i++)
		if (daemon->workers[i])
			worker_stop(daemon->workers[i]);
	for (size_t i = 0; i < daemon->worker_count; i++)
		worker_free(&daemon->workers[i]);
	bridge_stop(&daemon->bridge);
	devices_journal_ends(daemon->devices);
	journal_stop(&shared->journal);
	kept_cache_save(daemon);
	devices_stop(daemon->devices);
	end_control(daemon);
	devices_free(&daemon->devices);
	admin_live_free(&daemon->live);
	rcu_barrier();
	cache_free(&shared->cache);
	flight_table_free(&shared->flights);
	limiter_free(&shared->limiter);
	snapshot_free(&shared->snapshot);
	free(shared->pauses);
	rcu_barrier(); /* what the cache has handed to call_rcu */
	pthread_mutex_destroy(&daemon->pause_lock);
	pthread_mutex_destroy(&daemon->rules_lock);
	pthread_mutex_destroy(&daemon->reload_lock);
	pthread_cond_destroy(&daemon->reload_done);
	json_decref(daemon->reload_errors);
	json_decref(daemon->warnings);
	free(daemon->control_socket);
	free(daemon->journal_path);
	free(daemon->journal_rings);
	free(daemon->journal_also);
	free(daemon->web_words);
	free(daemon->state_folder);
}

static void announce(const struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->listen_count; i++) {
		char text[ADDR_PORT_TEXT_MAX];
		addr_port_format(&daemon->listen[i].address, text);
		log_info("listening on %s, %s", text, protocol_service(daemon->listen[i].protocol));
	}
	if (daemon->shared.snapshot->tls)
		log_info("the certificate's pin is sha256/%s",
		         tls_server_pin(daemon->shared.snapshot->tls));
	if (daemon->web)
		admin_web_announce(daemon->web);
	log_info("portafilter is ready: %zu workers, journal %s", daemon->worker_count,
	         daemon->journal_path     ? daemon->journal_path
	         : daemon->shared.journal ? "without a file"
	                                  : "off");
	supervisor_say("READY=1");
}

/* What a reload frees goes back to the kernel at once. By itself glibc stops doing so for arrays of a size that it has seen
 * freed before, and reload after reload would leave larger holes. */
static void return_large_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES_MIN);
	/* But not what each question to an upstream takes and gives back: the end of the heap would come and go with it. */
	(void)mallopt(M_TRIM_THRESHOLD, TRIM_BYTES_MIN);
}

/* From here on this thread builds snapshots beside the workers: it takes the cores that they leave, and never one from under
 * them. Threads that it starts later are the same; all that answers, journals or frees what the cache lets go of runs already.
 * Where the system does not allow it, packets share. */
static void yield_to_workers(void)
{
	const struct sched_param none = {0};
	(void)sched_setscheduler(0, SCHED_BATCH, &none);
	(void)setpriority(PRIO_PROCESS, 0, CONTROL_NICE); /* of the thread, on Linux */
}

int daemon_run(const char *config_path)
{
	struct daemon *daemon = calloc(1, sizeof *daemon);
	struct socket_set *sets = calloc(CONFIG_WORKERS_MAX, sizeof *sets);
	if (!daemon || !sets) {
		log_error("out of memory");
		free(daemon);
		free(sets);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	return_large_memory();
	rcu_register_thread();
	daemon->config_path = config_path;
	daemon->started = clock_now();
	daemon->shared.key = hash_key_random();
	pthread_mutex_init(&daemon->pause_lock, NULL);
	pthread_mutex_init(&daemon->rules_lock, NULL);
	daemon->devices = devices_new(daemon);
	pthread_mutex_init(&daemon->reload_lock, NULL);
	pthread_cond_init(&daemon->reload_done, NULL);

	char error[ERROR_MAX] = "";
	int result = daemon->devices ? start(daemon, sets, error) : PF_ENOMEM;
	if (result == PF_OK) {
		image_rest();
		announce(daemon);
		tell_file_limit(daemon);
		yield_to_workers();
		kept_cache_start(daemon);
		uv_run(&daemon->loop, UV_RUN_DEFAULT);
		supervisor_say(daemon->replace ? "RELOADING=1" : "STOPPING=1");
	} else {
		log_error("portafilter does not start: %s", *error ? error : pf_strerror(result));
	}
	sockets_close(sets, daemon->worker_count);
	end(daemon);
	rcu_unregister_thread();
	free(sets);
	bool replace = daemon->replace;
	if (replace)
		restart_become(daemon); /* and is gone */
	helper_free(&daemon->helper);
	recursion_free(&daemon->recursion);
	restart_free(&daemon->restart);
	free(daemon);
	return result == PF_OK && !replace ? 0 : 1;
}
