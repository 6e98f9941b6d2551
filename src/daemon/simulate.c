/* Rules on the journal, for the API: what `portafilter simulate` does, with the configuration, the lists and the tags that are in force. It runs
 * on a thread of its own that yields to all others, one at a time, for a minute at most; nobody waits for it but who asked. */
#define _GNU_SOURCE
#include "simulate/simulate.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/thread.h"
#include "daemon/state.h"
#include "journal/sqlite/sqlite.h"
#include "simulate/document.h"
#include "simulate/house.h"

#define TIME_US_MAX INT64_C(60000000)
#define FILE_NAME "rules" /* as which what was sent is spoken of */
#define NICE 10

struct job {
	struct daemon *daemon;
	const char *rules;
	size_t length;
	const struct admin_rule_change *wish; /* a change of the added rules; NULL: `rules` */
	const struct store_filter *filter;
	int64_t until_mono_us;
	/* The configuration in force: its text, and its lists. */
	char *file, *text;
	size_t text_length;
	struct lists *shared;
	/* What comes of it. */
	json_t *document;
	int http;
	char *error; /* 500 */
};

static int fail(struct job *job, int http, const char *sentence)
{
	job->http = http;
	snprintf(job->error, 500, "%s", sentence);
	return PF_EINVAL;
}

static bool is_late(void *data)
{
	const struct job *job = data;
	pthread_mutex_lock(&job->daemon->reload_lock);
	bool ending = job->daemon->ending;
	pthread_mutex_unlock(&job->daemon->reload_lock);
	return ending || clock_now().mono_us >= job->until_mono_us;
}

/* A copy, since what is in force may be replaced meanwhile. */
static bool take_force(struct job *job)
{
	rcu_register_thread();
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(job->daemon->shared.snapshot);
	job->file = strdup(snapshot->config->file);
	job->text = strndup(snapshot->config->text, snapshot->config->text_length);
	job->text_length = snapshot->config->text_length;
	job->shared = lists_share(snapshot->lists);
	rcu_read_unlock();
	rcu_unregister_thread();
	return job->file && job->text;
}

struct parts {
	struct config *base, *config;
	struct lists *lists;
	struct policy *policy;
};

static int load(struct job *job, struct parts *parts)
{
	struct diag diag;
	const struct lists_keep keep = {.previous = job->shared};
	diag_init(&diag);
	int result = config_parse(job->file, job->text, job->text_length, &diag, &parts->base);
	if (result == PF_OK) {
		diag_deinit(&diag); /* its warnings are known */
		diag_init(&diag);
	}
	if (result == PF_OK && job->wish) {
		char *added = added_with(job->daemon, job->wish, &job->http, job->error);
		if (!added) {
			diag_deinit(&diag);
			return PF_EINVAL;
		}
		result = config_parse_adding(parts->base, added, &diag, &parts->config);
		free(added);
	} else if (result == PF_OK) {
		result = config_parse_rules(FILE_NAME, job->rules, job->length, parts->base, &diag,
		                            &parts->config);
	}
	if (result == PF_OK)
		result = lists_load_kept(parts->config, &keep, &diag, &parts->lists);
	if (result == PF_OK)
		result = policy_compile(parts->config, &diag, &parts->policy);
	if (result != PF_OK) {
		json_t *errors = json_array();
		for (size_t i = 0; i < diag.count; i++) {
			char text[DIAG_TEXT_MAX];
			diag_format(&diag.entries[i], text, sizeof text);
			if (diag.entries[i].level == DIAG_ERROR)
				json_array_append_new(errors, json_string(text));
		}
		job->document = json_pack("{s:o}", "errors", errors);
		fail(job, 422,
		     result == PF_EINVAL ? "The rules are not right; `errors` says where."
		                         : pf_strerror(result));
	}
	diag_deinit(&diag);
	return result;
}

static void ask(struct job *job, const struct simulate_rules *rules)
{
	struct simulate_result found = {0};
	struct store *store = sqlite_store_open(job->daemon->journal_path, job->error, 500);
	if (!store) {
		job->http = 503;
		return;
	}
	struct store_filter all = *job->filter; /* its limit is for what is told */
	all.limit = 0;
	int result = simulate_run(store, &all, rules, &found);
	if (result != PF_OK)
		fail(job, result == PF_EINVAL || result == PF_EFULL ? 400 : 503,
		     *store->error ? store->error : "The journal can not be read.");
	else
		job->document = simulate_document(job->filter, rules, &found, (size_t)job->filter->limit);
	simulate_free(&found);
	store->close(&store);
}

static void *run(void *data)
{
	struct job *job = data;
	struct parts parts = {0};
	struct house *house = NULL;
	json_t *document = NULL, *devices = NULL;
	/* Nothing waits for this thread: it takes what others leave. */
	const struct sched_param none = {0};
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)sched_setscheduler(0, SCHED_BATCH, &none);
	if (!take_force(job)) {
		fail(job, 503, "The daemon has no memory for this.");
		goto out;
	}
	if (load(job, &parts) != PF_OK)
		goto out;
	document = house_devices(parts.config);
	devices = devices_json(job->daemon->devices);
	if (document && devices)
		house_add(document, devices);
	house = document ? house_new(document, parts.config) : NULL;
	const struct simulate_rules rules = {.config = parts.config,
	                                     .policy = parts.policy,
	                                     .lists = parts.lists,
	                                     .device = house_find,
	                                     .device_data = house,
	                                     .stop = is_late,
	                                     .stop_data = job};
	if (house)
		ask(job, &rules);
	if (!job->document && job->http < 400)
		fail(job, 503, "The daemon has no memory for this.");
out:
	json_decref(document);
	json_decref(devices);
	house_free(&house);
	policy_free(&parts.policy);
	lists_free(&parts.lists);
	config_free(&parts.config);
	config_free(&parts.base);
	lists_free(&job->shared);
	free(job->file);
	free(job->text);
	return NULL;
}

static json_t *simulate(struct job *job)
{
	struct daemon *daemon = job->daemon;
	pthread_t thread;
	job->until_mono_us = clock_now().mono_us + TIME_US_MAX;
	if (__atomic_exchange_n(&daemon->simulating, true, __ATOMIC_ACQUIRE)) {
		fail(job, 503, "Another simulation is under way; ask again when it is over.");
	} else {
		if (thread_start(&thread, run, job) != PF_OK)
			fail(job, 503, "The daemon has no thread for this.");
		else
			pthread_join(thread, NULL);
		__atomic_store_n(&daemon->simulating, false, __ATOMIC_RELEASE);
	}
	return job->document;
}

json_t *api_simulate(void *data, const char *rules, size_t length,
                     const struct store_filter *filter, int *http, char error[500])
{
	struct job job = {.daemon = data,
	                  .rules = rules,
	                  .length = length,
	                  .filter = filter,
	                  .http = *http,
	                  .error = error};
	json_t *document = simulate(&job);
	*http = job.http;
	return document;
}

json_t *api_simulate_change(void *data, const struct admin_rule_change *wish,
                            const struct store_filter *filter, int *http, char error[500])
{
	struct job job = {
		.daemon = data, .wish = wish, .filter = filter, .http = *http, .error = error};
	json_t *document = simulate(&job);
	*http = job.http;
	return document;
}
