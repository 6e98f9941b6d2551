/* Builds snapshots aside and swaps them in; what is wrong with a new one is told and the old one stays in
 * force. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/devices.h"
#include "daemon/state.h"

void log_findings(const struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		const struct diag_entry *entry = &diag->entries[i];
		char text[DIAG_TEXT_MAX + 512];
		diag_format_bare(entry, text, sizeof text);
		log_write(entry->level == DIAG_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s", text);
	}
}

static json_t *findings_json(const struct diag *diag, enum diag_level level)
{
	json_t *list = json_array();
	for (size_t i = 0; i < diag->count; i++) {
		char text[DIAG_TEXT_MAX + 512];
		if (diag->entries[i].level != level)
			continue;
		if (level == DIAG_ERROR)
			diag_format(&diag->entries[i], text, sizeof text);
		else
			diag_format_bare(&diag->entries[i], text, sizeof text); /* the list says it */
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static bool same_listen(const struct daemon *daemon, const struct config *config)
{
	if (config->listen_count != daemon->listen_count)
		return false;
	for (size_t i = 0; i < config->listen_count; i++)
		if (!config_listen_equal(&config->listen[i], &daemon->listen[i]))
			return false;
	return true;
}

/* What a running daemon can not change is kept as it is, and said. */
static void warn_of_restart(const struct daemon *daemon, const struct config *config,
                            struct diag *diag)
{
	const char *journal = config->journal_enabled ? config->journal_path : NULL;
	char *also = config_describe_sinks(config), *web = config_describe_web(config);
	const char *format = "`%s` has changed; it stays as it was until the daemon is restarted";
	if (!same_listen(daemon, config))
		diag_warning(diag, config->file, 0, 0, format, "listen");
	if (strcmp(config->control_socket, daemon->control_socket))
		diag_warning(diag, config->file, 0, 0, format, "listen.control");
	if (web && strcmp(web, daemon->web_words))
		diag_warning(diag, config->file, 0, 0, format, "listen.web");
	if (!journal != !daemon->journal_path || (journal && strcmp(journal, daemon->journal_path)))
		diag_warning(diag, config->file, 0, 0, format, "journal");
	else if (journal && strcmp(config->journal_rings, daemon->journal_rings))
		diag_warning(diag, config->file, 0, 0, format, "journal.rings");
	else if (journal && also && strcmp(also, daemon->journal_also))
		diag_warning(diag, config->file, 0, 0, format, "journal.also");
	free(also);
	free(web);
	if (config->workers && config->workers != daemon->worker_count)
		diag_warning(diag, config->file, 0, 0, format, "workers");
}

/* Whoever renews certificates reloads us afterwards. A key that only root may read was read before we were somebody else: it takes a
 * restart, and that is nothing to warn of with each reload. */
static void renew_certificate(struct daemon *daemon, const struct config *config, struct diag *diag)
{
	char error[500];
	int result =
		daemon->admin ? admin_renew_certificate(daemon->admin, &config->web, error) : PF_OK;
	if (result == PF_EIO)
		log_info("%s", error);
	else if (result != PF_OK)
		diag_warning(diag, config->file, config->web.pos.line, config->web.pos.column, "%s", error);
}

static void publish(struct daemon *daemon, struct snapshot *built)
{
	daemon->retired = rcu_xchg_pointer(&daemon->shared.snapshot, built);
}

/* Waited for here, and not left to call_rcu: on a busy machine reload after reload could else be done before the first of the old
 * ones is freed, and each has the memory of all lists. Nothing that a worker waits for may be held. */
static void free_retired(struct daemon *daemon)
{
	if (!daemon->retired)
		return;
	synchronize_rcu();
	snapshot_free(&daemon->retired);
}

/* For whoever asked for the reload, and for `status`. */
static void remember_findings(struct daemon *daemon, const struct diag *diag, bool asked_for,
                              bool ok)
{
	pthread_mutex_lock(&daemon->reload_lock);
	if (asked_for) {
		json_decref(daemon->reload_errors);
		daemon->reload_errors = findings_json(diag, DIAG_ERROR);
		daemon->reload_ok = ok;
	}
	if (ok) {
		json_decref(daemon->warnings);
		daemon->warnings = findings_json(diag, DIAG_WARNING);
	}
	pthread_mutex_unlock(&daemon->reload_lock);
}

/* The cache of the lists stands beside the journal. Without a journal it is kept where that would be, if somebody has
 * made the folder. */
static const char *lists_cache(const struct config *config, char path[PATH_MAX])
{
	static const char name[] = "/lists.cache";
	const char *slash = strrchr(config->journal_path, '/');
	size_t length = slash ? (size_t)(slash - config->journal_path) : 0;
	if (!slash || length + sizeof name > PATH_MAX)
		return NULL;
	memcpy(path, config->journal_path, length);
	path[length] = '\0';
	if (!config->journal_enabled && access(path, W_OK))
		return NULL;
	memcpy(path + length, name, sizeof name);
	return path;
}

static int build_kept(struct daemon *daemon, struct config **config, uint32_t epoch, struct now now,
                      struct diag *diag, struct snapshot **built)
{
	char path[PATH_MAX];
	const struct snapshot *old = daemon->shared.snapshot;
	const struct lists_keep keep = {old ? old->lists : NULL, lists_cache(*config, path),
	                                now.wall_us};
	int error = snapshot_build_kept(config, epoch, now, &keep, old, diag, built);
	if (error != PF_OK || !lists_count((*built)->lists))
		return error;
	if (keep.previous == (*built)->lists)
		log_info("no list has changed");
	else if (lists_origin((*built)->lists) == LISTS_MAPPED)
		log_info("no list has changed since %s was written", path);
	else
		log_info("the lists were read");
	return error;
}

/* With a recursor that is not there no name would be found. */
static int check_recursion(const struct daemon *daemon, const struct config *config,
                           struct diag *diag)
{
	char text[200];
	if (recursion_fits(daemon->recursion, config, text, sizeof text))
		return PF_OK;
	diag_error(diag, config->file, 0, 0, "%s", text);
	return PF_EINVAL;
}

/* The configuration that was just read, or why it was not. Takes it over. `why`: what has changed, NULL when somebody asked. */
static int build(struct daemon *daemon, int error, struct config *config, struct diag *diag,
                 const char *why)
{
	bool asked_for = !why;
	struct snapshot *built = NULL;
	struct now now = clock_now();
	uint32_t epoch = daemon->shared.snapshot ? daemon->shared.snapshot->epoch + 1 : 1;
	if (error == PF_OK) {
		/* Before they are read: what changes meanwhile is seen as a change. */
		if (daemon->databases)
			databases_loaded(daemon->databases, config);
		fetch_expire(config, now);
		error = build_kept(daemon, &config, epoch, now, diag, &built);
	}
	if (error == PF_OK && epoch > 1 && sandbox_is_up(&daemon->sandbox) && !daemon->helper &&
	    helper_is_wanted(built->config))
		diag_warning(
			diag, built->config->file, 0, 0,
			"commands under `notify` are run after a restart only: when this daemon started there "
			"were none, and its sandbox is closed");
	if (error == PF_OK)
		error = check_recursion(daemon, built->config, diag);
	if (error == PF_OK && epoch > 1) {
		warn_of_restart(daemon, built->config, diag);
		renew_certificate(daemon, built->config, diag);
	}
	if (error == PF_OK)
		error = devices_adopt(daemon->devices, built, diag, publish);
	log_findings(diag);
	remember_findings(daemon, diag, asked_for, error == PF_OK);
	const char *what = asked_for ? "reload" : why;
	if (error == PF_OK) {
		devices_watch_leases(daemon->devices);
		if (daemon->databases)
			databases_configure(daemon->databases, built->config);
		if (daemon->http)
			http_configure(daemon->http, built->config, built->local);
		if (daemon->helper)
			helper_reload(daemon->helper);
		if (daemon->recursion && recursion_configure(daemon->recursion, built->config) != PF_OK)
			log_error("the recursor goes on as it was told before");
		if (daemon->notify)
			notify_configure(daemon->notify, built->config);
		if (daemon->fetch && fetch_configure(daemon->fetch, built->config, now) != PF_OK)
			log_error("there is no memory to keep the lists fresh as the configuration says now");
	}
	free_retired(daemon);
	if (error != PF_OK)
		snapshot_free(&built); /* NULL, unless it was the devices that had no room */
	if (epoch > 1 && error == PF_OK)
		log_info("%s: snapshot %u is in force", asked_for ? "reloaded" : what, epoch);
	else if (epoch > 1)
		log_error("%s refused: %s; snapshot %u stays in force", what,
		          diag->errors ? "see the errors above" : pf_strerror(error), epoch - 1);
	return error;
}

int reload_snapshot(struct daemon *daemon)
{
	struct diag diag;
	struct config *config = NULL;
	diag_init(&diag);
	int error = config_load(daemon->config_path, &diag, &config);
	error = build(daemon, error, config, &diag, NULL);
	diag_deinit(&diag);
	return error;
}

int rebuild_snapshot(struct daemon *daemon, const char *why)
{
	struct diag diag;
	struct config *config = NULL;
	const struct config *force = daemon->shared.snapshot->config;
	diag_init(&diag);
	int error = config_parse(force->file, force->text, force->text_length, &diag, &config);
	error = build(daemon, error, config, &diag, why);
	diag_deinit(&diag);
	return error;
}
