/* A worker's thread and its mailbox, see worker.h. */
#define _GNU_SOURCE /* pthread_setname_np, struct mmsghdr */
#include "net/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/counter.h"
#include "base/thread.h"
#include "net/quic.h"
#include "net/tcp.h"
#include "net/udp.h"

struct worker {
	uv_loop_t loop;
	uv_async_t wake;
	uv_prepare_t before_poll;
	uv_timer_t beats;
	uint64_t beat; /* base/counter.h */
	pthread_t thread;
	bool started, stopping, closing;

	pthread_mutex_t mail_lock;
	struct query *mail; /* last first */
	bool stop_wanted;

	struct pipeline pipeline;
	struct forwarder *forwarder;
	struct tcp_server tcp;
	struct quic_server *quic; /* NULL: nothing listens */
	size_t udp_count;
	struct udp_listener udp[CONFIG_LISTEN_MAX];
};

static struct now read_clock(void *data)
{
	(void)data;
	return clock_now();
}

/* ---- the mailbox ------------------------------------------------------------------------- */

static void put_mail(struct worker *worker, struct query *query)
{
	pthread_mutex_lock(&worker->mail_lock);
	query->next = worker->mail;
	worker->mail = query;
	pthread_mutex_unlock(&worker->mail_lock);
	uv_async_send(&worker->wake);
}

static struct worker *worker_of(struct pipeline *pipeline)
{
	return (struct worker *)((char *)pipeline - offsetof(struct worker, pipeline));
}

static void post(struct query *query)
{
	put_mail(worker_of(query->pipeline), query);
}

void worker_explain(struct worker *worker, struct query *query)
{
	query->pipeline = NULL; /* it has no home yet: that is how on_wake knows a new one */
	put_mail(worker, query);
}

static void stop(struct worker *worker)
{
	worker->stopping = true;
	for (size_t i = 0; i < worker->udp_count; i++)
		udp_stop(&worker->udp[i]);
	tcp_server_stop(&worker->tcp);
	quic_server_stop(worker->quic);
}

static void on_wake(uv_async_t *wake)
{
	struct worker *worker = wake->data;
	pthread_mutex_lock(&worker->mail_lock);
	struct query *query = worker->mail;
	bool stop_wanted = worker->stop_wanted;
	worker->mail = NULL;
	pthread_mutex_unlock(&worker->mail_lock);
	while (query) {
		struct query *next = query->next;
		if (query->pipeline)
			pipeline_resume(query);
		else
			pipeline_explain(&worker->pipeline, query);
		query = next;
	}
	if (stop_wanted && !worker->stopping)
		stop(worker);
}

/* ---- the loop ---------------------------------------------------------------------------- */

static void close_all(struct worker *worker)
{
	worker->closing = true;
	for (size_t i = 0; i < worker->udp_count; i++)
		udp_close(&worker->udp[i]);
	tcp_server_close(&worker->tcp);
	quic_server_close(worker->quic);
	upstream_close(worker->forwarder);
	uv_close((uv_handle_t *)&worker->before_poll, NULL);
	uv_close((uv_handle_t *)&worker->beats, NULL);
	uv_close((uv_handle_t *)&worker->wake, NULL);
}

/* Replies that became ready outside of a batch leave before the loop sleeps. A worker that is to stop ends
 * when nothing is under way, neither its own queries nor its questions for the others. */
static void on_before_poll(uv_prepare_t *prepare)
{
	struct worker *worker = prepare->data;
	for (size_t i = 0; i < worker->udp_count; i++)
		udp_flush(&worker->udp[i]);
	quic_server_flush(worker->quic);
	if (worker->stopping && !worker->closing && !worker->pipeline.counters.in_flight &&
	    upstream_idle(worker->forwarder))
		close_all(worker);
}

static void on_beat(uv_timer_t *beats)
{
	struct worker *worker = beats->data;
	counter_add(&worker->beat, 1);
}

static void *run(void *data)
{
	struct worker *worker = data;
	char name[16];
	snprintf(name, sizeof name, "worker %u", (unsigned)worker->pipeline.index % 100);
	/* By itself: for another thread it would be written into /proc, where the sandbox lets nobody write. */
	pthread_setname_np(pthread_self(), name);
	rcu_register_thread();
	uv_run(&worker->loop, UV_RUN_DEFAULT);
	rcu_unregister_thread();
	return NULL;
}

/* ---- life -------------------------------------------------------------------------------- */

static int listen_on(struct worker *worker, struct socket_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct udp_listener *udp = &worker->udp[worker->udp_count];
		struct socket_pair *pair = &set->pairs[i];
		int error = PF_OK;
		if (pair->protocol == PROTOCOL_UDP) {
			error = udp_listen(udp, &worker->loop, pair, &worker->pipeline);
			worker->udp_count += error == PF_OK;
		} else if (pair->protocol == PROTOCOL_QUIC && pair->udp >= 0) {
			error = quic_listen(&worker->quic, &worker->loop, &worker->pipeline, pair);
		}
		if (error == PF_OK && protocol_has_tcp(pair->protocol))
			error = tcp_listen(&worker->tcp, pair);
		if (error != PF_OK)
			return error;
	}
	return PF_OK;
}

struct worker *worker_new(struct shared *shared, size_t index, struct socket_set *set)
{
	struct worker *worker = calloc(1, sizeof *worker);
	if (!worker || uv_loop_init(&worker->loop)) {
		free(worker);
		return NULL;
	}
	pthread_mutex_init(&worker->mail_lock, NULL);
	uv_async_init(&worker->loop, &worker->wake, on_wake);
	uv_prepare_init(&worker->loop, &worker->before_poll);
	uv_prepare_start(&worker->before_poll, on_before_poll);
	uv_timer_init(&worker->loop, &worker->beats);
	uv_timer_start(&worker->beats, on_beat, WORKER_BEAT_MS, WORKER_BEAT_MS);
	worker->wake.data = worker->before_poll.data = worker->beats.data = worker;
	worker->forwarder = upstream_new(&worker->loop);
	int error =
		pipeline_init(&worker->pipeline, shared, worker->forwarder, index, read_clock, NULL, post);
	tcp_server_init(&worker->tcp, &worker->loop, &worker->pipeline);
	if (error != PF_OK || !worker->forwarder || listen_on(worker, set) != PF_OK) {
		worker_free(&worker);
		return NULL;
	}
	return worker;
}

int worker_start(struct worker *worker)
{
	int error = thread_start(&worker->thread, run, worker);
	worker->started = error == PF_OK;
	return error;
}

void worker_stop(struct worker *worker)
{
	pthread_mutex_lock(&worker->mail_lock);
	worker->stop_wanted = true;
	pthread_mutex_unlock(&worker->mail_lock);
	uv_async_send(&worker->wake);
}

void worker_free(struct worker **worker)
{
	struct worker *old = *worker;
	if (!old)
		return;
	if (old->started) {
		pthread_join(old->thread, NULL);
	} else {
		stop(old);
		close_all(old);
		uv_run(&old->loop, UV_RUN_DEFAULT);
	}
	uv_loop_close(&old->loop);
	quic_server_free(&old->quic);
	pipeline_deinit(&old->pipeline);
	upstream_free(&old->forwarder);
	pthread_mutex_destroy(&old->mail_lock);
	free(old);
	*worker = NULL;
}

uint64_t worker_beat(const struct worker *worker)
{
	return counter_read(&worker->beat);
}

const struct pipeline_counters *worker_counters(const struct worker *worker)
{
	return &worker->pipeline.counters;
}

size_t worker_upstreams(const struct worker *worker, struct upstream_stats *stats)
{
	return upstream_stats(worker->forwarder, stats);
}
