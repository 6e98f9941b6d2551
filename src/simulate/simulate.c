/* The past under other rules, see simulate.h. Queries that differ in nothing but their time are decided once (store->history). Where
 * rules have `during`, once for each set of these that acts at some time; where these sets are too many, each query by itself. */
#include "simulate/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/answer.h"
#include "dns/dns.h"
#include "pipeline/decide.h"
#include "simulate/past.h"

#define US_PER_MINUTE INT64_C(60000000)
#define STOP_ROWS 4096 /* so often `stop` is asked */

struct run {
	struct store *store;
	const struct simulate_rules *rules;
	struct simulate_result *result;
	struct decide_tools tools;
	struct past *past; /* the answers of the journal */
	struct list_set hop_lists[ANSWER_HOP_MAX];
	char asked_id[DEVICE_ID_MAX]; /* the device of the row before, since rows come in runs */
	struct device device;
	uint32_t rows;
	bool stopped;
};

/* One row of the journal, with what it stands for. */
struct row {
	const char *device_id, *device, *client, *name, *type, *action, *rule, *source;
	int64_t answer, count, first_wall_us, last_wall_us;
};

/* ---- deciding ---------------------------------------------------------------------------- */

static bool is_stopped(struct run *run)
{
	const struct simulate_rules *rules = run->rules;
	if (rules->stop && ++run->rows % STOP_ROWS == 0 && rules->stop(rules->stop_data))
		run->stopped = true;
	return run->stopped;
}

static void find_device(struct run *run, const struct row *row)
{
	if (*run->asked_id && !strcmp(run->asked_id, row->device_id))
		return;
	snprintf(run->asked_id, sizeof run->asked_id, "%s", row->device_id);
	run->rules->device(run->rules->device_data, row->device_id, row->device, &run->device);
}

/* Fills the verdict of the new rules. PF_OK, PF_EINVAL (the row holds what no query has), PF_ENOMEM, PF_EIO. */
static int decide(struct run *run, const struct row *row, bool *unseen, struct verdict *verdict)
{
	const struct decide_tools *tools = &run->tools;
	struct dns_name name;
	struct addr client;
	struct list_set lists = {0}, answer_lists = {0};
	int type = dns_type_from_text(row->type);
	if (type < 0 || dns_name_from_text(row->name, &name) != PF_OK)
		return PF_EINVAL;
	find_device(run, row);
	struct policy_question question = {run->device.tags,  &name, (uint16_t)type, &lists,
	                                   row->last_wall_us, false};
	struct list_asked asked = {&name, (uint16_t)type,
	                           addr_parse(row->client, &client) == PF_OK ? &client : NULL,
	                           &run->device};
	if (policy_needs_lists(tools->policy, tools->scratch, question.tags))
		lists_match(tools->lists, tools->list_scratch, &asked, &lists);
	*unseen = false;
	if (policy_decide_names(tools->policy, tools->scratch, &question, verdict))
		return PF_OK;
	struct past_answer *answer = NULL;
	int result = row->answer ? past_find(run->past, row->answer, &answer) : PF_OK;
	if (result != PF_OK)
		return result;
	*unseen = !answer && !strcmp(row->source, "policy");
	if (!answer)
		return PF_OK;
	struct list_answer view = {.addresses = answer->addresses,
	                           .address_count = answer->facts->address_count};
	struct policy_answer known = {.facts = answer->facts,
	                              .hops = answer->hops,
	                              .hop_count = answer->hop_count,
	                              .kept = &answer->rules,
	                              .policy_number = 1};
	decide_answers(tools, &question, &asked, lists_look_at_answers(tools->lists) ? &view : NULL,
	               &known, &answer_lists, verdict);
	return PF_OK;
}

/* ---- counting ---------------------------------------------------------------------------- */

static int note_change(struct simulate_result *result, const struct row *row, int from,
                       const struct verdict *verdict)
{
	if (result->change_count == SIMULATE_CHANGES_MAX)
		return PF_EFULL;
	if (result->change_count == result->change_room) {
		size_t room = result->change_room ? 2 * result->change_room : 256;
		struct simulate_change *changes = realloc(result->changes, room * sizeof *changes);
		if (!changes)
			return PF_ENOMEM;
		result->changes = changes;
		result->change_room = room;
	}
	struct simulate_change *change = &result->changes[result->change_count++];
	bool by_list =
		verdict->rule && (verdict->match == MATCH_LIST || verdict->match == MATCH_CNAME_LIST ||
	                      verdict->match == MATCH_ANSWER_LIST);
	*change = (struct simulate_change){
		.device_id = strdup(row->device_id),
		.device = strdup(row->device),
		.name = strdup(row->name),
		.from = (uint8_t)from,
		.to = verdict->action,
		.rule = verdict->rule,
		.list = by_list ? (uint16_t)(verdict->list + 1) : 0,
		.count = row->count,
		.first_wall_us = row->first_wall_us,
		.last_wall_us = row->last_wall_us,
	};
	return change->device_id && change->device && change->name ? PF_OK : PF_ENOMEM;
}

/* What the house itself decided (rebinding, an escape hatch) no rule changes. */
static bool is_of_the_house(const struct row *row, int from)
{
	return from == ACTION_SINKHOLE && !*row->rule;
}

static int on_row(struct run *run, const struct row *row)
{
	struct simulate_result *total = run->result;
	struct verdict verdict;
	bool unseen;
	if (is_stopped(run))
		return PF_EFULL;
	int from = action_parse(row->action);
	int result = from < 0 ? PF_EINVAL : decide(run, row, &unseen, &verdict);
	total->queries += row->count;
	if (result == PF_EINVAL || (result == PF_OK && is_of_the_house(row, from))) {
		total->same += row->count;
		return PF_OK;
	}
	if (result != PF_OK)
		return result;
	if (unseen)
		total->unseen += row->count;
	if (verdict.action == from) {
		total->same += row->count;
		return PF_OK;
	}
	total->changed[from][verdict.action] += row->count;
	return note_change(total, row, from, &verdict);
}

static int on_history(void *data, const struct store_history *history)
{
	const struct row row = {history->device_id, history->device,        history->client,
	                        history->name,      history->type,          history->action,
	                        history->rule,      history->source,        history->answer,
	                        history->count,     history->first_wall_us, history->last_wall_us};
	return on_row(data, &row);
}

static int on_query(void *data, const struct store_query *query)
{
	const struct row row = {query->device_id,    query->device,
	                        query->client,       query->name,
	                        query->type,         query->action,
	                        query->rule,         query->source,
	                        query->answer,       1,
	                        query->time_wall_us, query->time_wall_us};
	return on_row(data, &row);
}

/* ---- one line for what is the same ------------------------------------------------------- */

static int by_kind(const void *a, const void *b)
{
	const struct simulate_change *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	if (!order)
		order = strcmp(x->device_id, y->device_id);
	if (!order)
		order = x->from != y->from ? x->from - y->from : x->to - y->to;
	if (!order)
		order = x->rule != y->rule ? x->rule - y->rule : x->list - y->list;
	return order;
}

static int by_count(const void *a, const void *b)
{
	const struct simulate_change *x = a, *y = b;
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_kind(a, b);
}

static void forget(struct simulate_change *change)
{
	free(change->device_id);
	free(change->device);
	free(change->name);
}

static void settle(struct simulate_result *result)
{
	size_t kept = 0;
	if (!result->change_count)
		return;
	qsort(result->changes, result->change_count, sizeof *result->changes, by_kind);
	for (size_t i = 1; i < result->change_count; i++) {
		struct simulate_change *last = &result->changes[kept], *next = &result->changes[i];
		if (by_kind(last, next)) {
			result->changes[++kept] = *next;
			continue;
		}
		last->count += next->count;
		if (next->first_wall_us < last->first_wall_us)
			last->first_wall_us = next->first_wall_us;
		if (next->last_wall_us > last->last_wall_us)
			last->last_wall_us = next->last_wall_us;
		forget(next);
	}
	result->change_count = kept + 1;
	qsort(result->changes, result->change_count, sizeof *result->changes, by_count);
}

/* ---- times ------------------------------------------------------------------------------- */

/* The sets of rules with `during` that acted at some time, in the order in which they came. */
struct phases {
	struct run *run;
	int64_t minute; /* of the last time, and its phase; queries come in the order of time */
	unsigned last;
	uint64_t sets[STORE_PHASES_MAX];
	unsigned count;
};

/* Offsets of time zones are whole minutes, and so are schedules. STORE_PHASES_MAX: there are too many, or it is to end. */
static unsigned phase_of(void *data, int64_t time_wall_us)
{
	struct phases *phases = data;
	if (is_stopped(phases->run))
		return STORE_PHASES_MAX;
	int64_t minute = time_wall_us / US_PER_MINUTE;
	if (minute == phases->minute && phases->count)
		return phases->last;
	uint64_t set = policy_phase(phases->run->rules->policy, time_wall_us);
	unsigned phase = 0;
	while (phase < phases->count && phases->sets[phase] != set)
		phase++;
	if (phase == STORE_PHASES_MAX)
		return phase;
	if (phase == phases->count)
		phases->sets[phases->count++] = set;
	phases->minute = minute;
	phases->last = phase;
	return phase;
}

/* ---- the run ----------------------------------------------------------------------------- */

static int walk(struct run *run, const struct store_filter *filter)
{
	struct store *store = run->store;
	struct phases phases = {.run = run};
	const struct store_phases told = {phase_of, &phases, STORE_PHASES_MAX};
	int result = store->history(store, filter, &told, on_history, run);
	bool many = result == PF_EFULL && !run->stopped && !run->result->queries;
	return many ? store->queries(store, filter, on_query, run) : result;
}

/* Why it ended: nothing has said so yet. */
static void explain(const struct run *run, int result)
{
	struct store *store = run->store;
	if (result == PF_ENOMEM)
		snprintf(
			store->error, sizeof store->error,
			"There is no memory for so many queries; ask for a device, or a shorter time (since).");
	if (result == PF_EFULL)
		snprintf(store->error, sizeof store->error,
		         "%s; ask for a device, or a shorter time (since).",
		         run->stopped ? "The simulation took longer than it may"
		                      : "More would come out differently than can be told at once");
}

int simulate_run(struct store *store, const struct store_filter *filter,
                 const struct simulate_rules *rules, struct simulate_result *result)
{
	*result = (struct simulate_result){0};
	struct run *run = calloc(1, sizeof *run);
	int done = PF_ENOMEM;
	if (!run)
		goto out;
	*run = (struct run){.store = store,
	                    .rules = rules,
	                    .result = result,
	                    .tools = {rules->policy, rules->lists, policy_scratch_new(rules->policy),
	                              lists_scratch_new(rules->lists), run->hop_lists},
	                    .past = past_new(store)};
	if (run->past && run->tools.scratch)
		done = walk(run, filter);
	explain(run, done);
	policy_scratch_free(&run->tools.scratch);
	lists_scratch_free(&run->tools.list_scratch);
	past_free(&run->past);
out:
	free(run);
	if (done == PF_OK)
		settle(result);
	return done;
}

bool simulate_breaks(const struct simulate_result *result)
{
	return result->changed[ACTION_ALLOW][ACTION_SINKHOLE] ||
	       result->changed[ACTION_FLAG][ACTION_SINKHOLE];
}

void simulate_free(struct simulate_result *result)
{
	for (size_t i = 0; i < result->change_count; i++)
		forget(&result->changes[i]);
	free(result->changes);
	*result = (struct simulate_result){0};
}
