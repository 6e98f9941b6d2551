/* The thread of bridge.h. */
#define _GNU_SOURCE /* pthread_setname_np */
#include "net/bridge.h"

#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

#include "base/thread.h"
#include "dns/reply.h"
#include "stream/loopback.h"

struct bridge {
	struct shared *shared;
	uv_loop_t loop;
	uv_async_t wake; /* it is to end */
	uv_prepare_t before_poll;
	pthread_t thread;
	bool stopping, closing; /* the first is atomic */
	struct loopback *loopback;
	struct forwarder *forwarder;
	uint32_t epoch; /* of the snapshot whose servers it has */
	uint8_t out[DNS_MESSAGE_MAX];
};

/* A question of the recursor. */
struct crossing {
	struct bridge *bridge;
	struct dns_query query;
	loopback_done done;
	void *asker;
};

static void on_result(void *data, const struct forward_result *result)
{
	struct crossing *crossing = data;
	struct bridge *bridge = crossing->bridge;
	struct answer *answer = result->answer;
	const struct reply_options options = {.ede = DNS_EDE_NONE};
	size_t length = answer
	                    ? reply_from_answer(bridge->out, &crossing->query, answer, 0, &options)
	                    : reply_error(bridge->out, &crossing->query, DNS_RCODE_SERVFAIL, &options);
	crossing->done(crossing->asker, bridge->out, length);
	answer_free(&answer);
	free(crossing);
}

static void adopt(struct bridge *bridge)
{
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(bridge->shared->snapshot);
	if (bridge->epoch != snapshot->epoch) {
		const struct config *config = snapshot->config;
		const struct upstream_group groups[] = {
			{UPSTREAM_GROUP_BEHIND, config->recursion.forwards, config->recursion.forward_count},
			{UPSTREAM_GROUP_BOOTSTRAP, config->bootstrap, config->bootstrap_count},
		};
		bridge->forwarder->random_case = config->random_case;
		bridge->forwarder->spread = config->spread;
		bridge->forwarder->configure(bridge->forwarder, groups, PF_COUNT(groups));
		bridge->epoch = snapshot->epoch;
	}
	rcu_read_unlock();
}

static int cross(void *data, const struct dns_query *query, loopback_done done, void *asker)
{
	struct bridge *bridge = data;
	adopt(bridge);
	struct crossing *crossing = malloc(sizeof *crossing);
	if (!crossing)
		return PF_ENOMEM;
	*crossing = (struct crossing){bridge, *query, done, asker};
	int error = bridge->forwarder->ask(bridge->forwarder, UPSTREAM_GROUP_BEHIND, query, on_result,
	                                   crossing);
	if (error != PF_OK)
		free(crossing);
	return error;
}

/* ---- the thread -------------------------------------------------------------------------- */

static void close_all(struct bridge *bridge)
{
	bridge->closing = true;
	loopback_close(&bridge->loopback);
	upstream_close(bridge->forwarder);
	uv_close((uv_handle_t *)&bridge->before_poll, NULL);
	uv_close((uv_handle_t *)&bridge->wake, NULL);
}

static void on_before_poll(uv_prepare_t *prepare)
{
	struct bridge *bridge = prepare->data;
	if (__atomic_load_n(&bridge->stopping, __ATOMIC_ACQUIRE) && !bridge->closing &&
	    upstream_idle(bridge->forwarder))
		close_all(bridge);
}

/* It has woken the loop; what is to be done is done before it sleeps. */
static void on_wake(uv_async_t *wake)
{
	(void)wake;
}

static void *run(void *data)
{
	struct bridge *bridge = data;
	pthread_setname_np(pthread_self(), "bridge");
	rcu_register_thread();
	uv_run(&bridge->loop, UV_RUN_DEFAULT);
	rcu_unregister_thread();
	return NULL;
}

/* ---- life -------------------------------------------------------------------------------- */

static void free_bridge(struct bridge *bridge)
{
	uv_loop_close(&bridge->loop);
	upstream_free(&bridge->forwarder);
	free(bridge);
}

int bridge_start(struct shared *shared, int fd, struct bridge **out)
{
	struct bridge *bridge = calloc(1, sizeof *bridge);
	*out = NULL;
	if (!bridge || uv_loop_init(&bridge->loop)) {
		free(bridge);
		return PF_ENOMEM;
	}
	bridge->shared = shared;
	uv_async_init(&bridge->loop, &bridge->wake, on_wake);
	uv_prepare_init(&bridge->loop, &bridge->before_poll);
	uv_prepare_start(&bridge->before_poll, on_before_poll);
	bridge->before_poll.data = bridge;
	bridge->forwarder = upstream_new(&bridge->loop);
	bridge->loopback = loopback_new(&bridge->loop, fd, cross, bridge);
	int error = bridge->forwarder && bridge->loopback ? thread_start(&bridge->thread, run, bridge)
	                                                  : PF_ENOMEM;
	if (error == PF_OK) {
		*out = bridge;
		return PF_OK;
	}
	close_all(bridge);
	uv_run(&bridge->loop, UV_RUN_DEFAULT);
	free_bridge(bridge);
	return error;
}

void bridge_stop(struct bridge **bridge)
{
	struct bridge *old = *bridge;
	if (!old)
		return;
	__atomic_store_n(&old->stopping, true, __ATOMIC_RELEASE);
	uv_async_send(&old->wake);
	pthread_join(old->thread, NULL);
	free_bridge(old);
	*bridge = NULL;
}

size_t bridge_upstreams(const struct bridge *bridge, struct upstream_stats *stats)
{
	return bridge ? upstream_stats(bridge->forwarder, stats) : 0;
}
