/* The journal of a daemon that starts: its sinks, and the key of its pseudonyms. */
#include <limits.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon/state.h"
#include "journal/dnstap/dnstap.h"
#include "journal/jsonl.h"
#include "journal/sqlite/sqlite.h"
#include "journal/syslog/syslog.h"

#define ERROR_MAX 500

static void close_sinks(struct sink *sinks[], size_t count)
{
	while (count--)
		sinks[count]->close(&sinks[count]);
}

static struct sink *open_other_sink(const struct config_sink *sink, char error[ERROR_MAX])
{
	switch (sink->kind) {
	case CONFIG_SINK_DNSTAP:
		return dnstap_sink_open(&sink->collector, sink->messages, error, ERROR_MAX);
	case CONFIG_SINK_SYSLOG:
		return syslog_sink_open(&sink->collector, sink->rate, sink->enterprise, error, ERROR_MAX);
	case CONFIG_SINK_JSONL: break;
	}
	return jsonl_sink_open(sink->path, sink->bytes_max, sink->files, error, ERROR_MAX);
}

/* Opens the SQLite journal, unless its path is `off`, and what is to be written beside it or in its place. Returns how many there are; 0 after an
 * error. */
static size_t open_sinks(const struct daemon *daemon, struct sink *sinks[1 + CONFIG_SINKS_MAX],
                         char error[ERROR_MAX])
{
	const struct config *config = daemon->shared.snapshot->config;
	size_t count = 0;
	bool whole = true;
	if (daemon->journal_path) {
		sinks[count] =
			sqlite_sink_open(daemon->journal_path, config->journal_keep_us, error, ERROR_MAX);
		whole = sinks[count] != NULL;
		count += whole;
	}
	for (size_t i = 0; whole && i < config->sink_count; i++) {
		sinks[count] = open_other_sink(&config->sinks[i], error);
		whole = sinks[count] != NULL;
		count += whole;
	}
	if (whole)
		return count;
	close_sinks(sinks, count);
	return 0;
}

/* Whoever is to be hidden is hidden without a file too: then nobody can be told from before. */
static void load_privacy_key(struct daemon *daemon)
{
	char path[PATH_MAX], error[ERROR_MAX];
	snprintf(path, sizeof path, "%s/pseudonym.key", daemon->state_folder);
	if (privacy_key_load(path, &daemon->shared.privacy_key, error, sizeof error) != PF_OK)
		log_warning("%s Pseudonyms in the journal are new ones after each start.", error);
}

int daemon_start_journal(struct daemon *daemon, char error[ERROR_MAX])
{
	struct sink *sinks[1 + CONFIG_SINKS_MAX];
	if (!daemon->journal_path && !daemon->shared.snapshot->config->sink_count)
		return PF_OK;
	load_privacy_key(daemon);
	size_t count = open_sinks(daemon, sinks, error);
	if (!count)
		return PF_EIO;
	struct journal_options options = {.sinks = sinks,
	                                  .sink_count = count,
	                                  .outlet = daemon_outlet(daemon),
	                                  .ring_count = daemon->worker_count,
	                                  .rings_path = daemon->journal_rings};
	if (daemon->journal_path) {
		sqlite_sink_durable(sinks[0], !daemon->shared.snapshot->config->journal_unsynced);
		sqlite_sink_tell(sinks[0], daemon_outlet(daemon));
	}
	daemon->shared.journal = journal_start(&options);
	if (daemon->shared.journal)
		return PF_OK;
	close_sinks(sinks, count);
	snprintf(error, ERROR_MAX, "The journal's thread can not be started: out of memory.");
	return PF_ENOMEM;
}
