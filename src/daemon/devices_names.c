/* Host names of devices that no lease names, out of the reverse zones that the router (or whoever `forward` says) is asked for;
 * the owner's own records count too. Behind the packet path, on the control loop: some addresses in each tick, each at most once
 * an hour, never asked of the upstreams of the default group: who is in this house is nobody's business. */
#include <stdlib.h>
#include <string.h>

#include "daemon/devices_state.h"
#include "dns/pointer.h"
#include "local/zones.h"
#include "upstream/upstream.h"

#define ASKED_MAX \
	16 /* in one tick, which is a second; answered in its course, or given up a few later */

struct name_question {
	struct devices *devices;
	struct addr addr;
};

static void take_name(struct devices *devices, const struct addr *addr, const struct answer *answer)
{
	struct dns_name target;
	char text[NAME_TEXT_MAX];
	if (answer_pointer(answer, &target) != PF_OK)
		return;
	dns_name_to_text(&target, text);
	pthread_mutex_lock(&devices->lock);
	if (book_name(devices->book, addr, text))
		devices->unsaved = true;
	bool dirty = book_is_dirty(devices->book);
	pthread_mutex_unlock(&devices->lock);
	if (dirty)
		devices_publish_soon(devices);
}

static void on_name(void *data, const struct forward_result *result)
{
	struct name_question *question = data;
	struct answer *answer = result->answer;
	if (result->status == FORWARD_ANSWERED && answer->rcode == DNS_RCODE_NOERROR)
		take_name(question->devices, &question->addr, answer);
	answer_free(&answer);
	free(question);
}

static void ask_name(struct devices *devices, const struct addr *addr)
{
	const struct snapshot *snapshot = devices->daemon->shared.snapshot;
	struct dns_query query = {.rd = true, .type = DNS_TYPE_PTR, .class = DNS_CLASS_IN};
	struct local_hit hit;
	zones_reverse_name(addr, &query.name);
	local_find(snapshot->local, &query.name, DNS_TYPE_PTR, true, &hit);
	if (hit.kind == LOCAL_ANSWER)
		take_name(devices, addr, hit.answer);
	if (hit.kind != LOCAL_ELSEWHERE || hit.group == LOCAL_GROUP_DEFAULT)
		return;
	struct name_question *question = malloc(sizeof *question);
	if (!question)
		return;
	*question = (struct name_question){devices, *addr};
	if (devices->names->ask(devices->names, hit.group, &query, on_name, question) != PF_OK)
		free(question);
}

void devices_ask_names(struct devices *devices, int64_t wall_us)
{
	struct addr addrs[ASKED_MAX];
	if (!devices->names || devices->names_end)
		return;
	pthread_mutex_lock(&devices->lock);
	size_t count = book_unnamed(devices->book, wall_us, addrs, ASKED_MAX);
	pthread_mutex_unlock(&devices->lock);
	for (size_t i = 0; i < count; i++)
		ask_name(devices, &addrs[i]);
}

void devices_configure_names(struct devices *devices)
{
	const struct snapshot *snapshot = devices->daemon->shared.snapshot;
	struct upstream_group groups[UPSTREAM_GROUP_MAX];
	if (!devices->names)
		devices->names = upstream_new(devices->loop);
	if (!devices->names)
		return; /* no names, this time */
	size_t count = local_upstream_groups(snapshot->local, snapshot->config, groups);
	devices->names->configure(devices->names, groups, count);
}

void devices_end_names(struct devices *devices)
{
	devices->names_end = true;
	while (devices->names && !upstream_idle(devices->names))
		uv_run(devices->loop, UV_RUN_ONCE);
	upstream_close(devices->names);
}
