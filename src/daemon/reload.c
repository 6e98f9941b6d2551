/* Builds snapshots aside and swaps them in; what is wrong with a new one is told and the old one stays in
 * force. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
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
		if (config->listen[i].port != daemon->listen[i].port ||
		    !addr_equal(&config->listen[i].addr, &daemon->listen[i].addr))
			return false;
	return true;
}

/* What a running daemon can not change is kept as it is, and said. */
static void warn_of_restart(const struct daemon *daemon, const struct config *config,
                            struct diag *diag)
{
	const char *journal = config->journal_enabled ? config->journal_path : NULL;
	const char *format = "`%s` has changed; it stays as it was until the daemon is restarted";
	if (!same_listen(daemon, config))
		diag_warning(diag, config->file, 0, 0, format, "listen.dns");
	if (strcmp(config->control_socket, daemon->control_socket))
		diag_warning(diag, config->file, 0, 0, format, "listen.control");
	if (!journal != !daemon->journal_path || (journal && strcmp(journal, daemon->journal_path)))
		diag_warning(diag, config->file, 0, 0, format, "journal");
	else if (journal && strcmp(config->journal_rings, daemon->journal_rings))
		diag_warning(diag, config->file, 0, 0, format, "journal.rings");
	if (config->workers && config->workers != daemon->worker_count)
		diag_warning(diag, config->file, 0, 0, format, "workers");
}

static void free_snapshot(struct rcu_head *head)
{
	struct snapshot *old = (struct snapshot *)((char *)head - offsetof(struct snapshot, rcu));
	snapshot_free(&old);
}

static void publish(struct daemon *daemon, struct snapshot *built)
{
	struct snapshot *old = rcu_xchg_pointer(&daemon->shared.snapshot, built);
	if (old)
		call_rcu(&old->rcu, free_snapshot);
}

int reload_snapshot(struct daemon *daemon)
{
	struct diag diag;
	struct snapshot *built = NULL;
	diag_init(&diag);
	uint32_t epoch = daemon->shared.snapshot ? daemon->shared.snapshot->epoch + 1 : 1;
	int error = snapshot_build(daemon->config_path, epoch, clock_now(), &diag, &built);
	if (error == PF_OK && epoch > 1)
		warn_of_restart(daemon, built->config, &diag);
	log_findings(&diag);

	pthread_mutex_lock(&daemon->reload_lock);
	json_decref(daemon->reload_errors);
	daemon->reload_errors = findings_json(&diag, DIAG_ERROR);
	daemon->reload_ok = error == PF_OK;
	if (error == PF_OK) {
		json_decref(daemon->warnings);
		daemon->warnings = findings_json(&diag, DIAG_WARNING);
	}
	pthread_mutex_unlock(&daemon->reload_lock);

	if (error == PF_OK)
		publish(daemon, built);
	if (epoch > 1 && error == PF_OK)
		log_info("reloaded: snapshot %u is in force", epoch);
	else if (epoch > 1)
		log_error("reload refused: %s; snapshot %u stays in force",
		          diag.errors ? "see the errors above" : pf_strerror(error), epoch - 1);
	diag_deinit(&diag);
	return error;
}
