/* How long a connection to an upstream is kept: the pool with a transport that has no sockets, at a time that the test says. Real ones are
 * asked in tests/system/test_upstream_tls.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tls/trust.h"
#include "upstream/pool.h"

#define STEP_MS 50

/* The loop's clock, and everybody's in this program. */
static int64_t now_ms = 1000;

int clock_gettime(clockid_t clock, struct timespec *at)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, at);
	*at = (struct timespec){now_ms / 1000, now_ms % 1000 * 1000000};
	return 0;
}

/* ---- a transport: it is open at once, and answers when the test says ---------------------- */

static struct {
	unsigned opened, closed, asked, forgotten;
	struct channel *last;
} seen;

static int open_it(struct channel *channel)
{
	seen.opened++;
	seen.last = channel;
	channel_opened(channel, 10, false);
	return PF_OK;
}

static void ask_it(struct channel *channel, struct request *request)
{
	(void)request;
	assert_ptr_equal(channel, seen.last);
	seen.asked++;
}

static void forget_it(struct channel *channel, struct request *request)
{
	(void)channel, (void)request;
	seen.forgotten++;
}

static void flush_it(struct channel *channel)
{
	(void)channel;
}

static void close_it(struct channel *channel)
{
	seen.closed++;
	channel_closed(channel);
}

/* In the place of DNS over TLS. */
const struct channel_kind channel_dot = {
	.bytes = sizeof(struct channel),
	.open = open_it,
	.ask = ask_it,
	.forget = forget_it,
	.flush = flush_it,
	.close = close_it,
};

/* ---- who asks ----------------------------------------------------------------------------- */

struct world {
	uv_loop_t loop;
	struct pool *pool;
	struct request request;
	unsigned answered, failed;
};

static void on_answered(struct request *request, const uint8_t *message, size_t length)
{
	(void)message, (void)length;
	((struct world *)request->data)->answered++;
}

static void on_failed(struct request *request, bool reached)
{
	(void)reached;
	((struct world *)request->data)->failed++;
}

static const struct request_user user = {on_answered, on_failed};

static void pass(struct world *world, int64_t ms)
{
	for (int64_t end = now_ms + ms;; now_ms += STEP_MS) {
		for (int i = 0; i < 3; i++) /* what rings at once, and what that closes */
			uv_run(&world->loop, UV_RUN_NOWAIT);
		if (now_ms >= end)
			return;
	}
}

static void ask(struct world *world)
{
	world->request = (struct request){.user = &user, .data = world, .length = 40};
	assert_int_equal(pool_ask(world->pool, &world->request), PF_OK);
	pass(world, 0);
}

static void answer(struct world *world)
{
	channel_heard(world->request.channel);
	channel_answered(&world->request, world->request.message, world->request.length);
	pass(world, 0);
}

static void begin(struct world *world)
{
	struct upstream_secure secure = {.name = "dns.example"};
	const struct upstream_target target = {
		.address = {.addr = {.family = 4, .bytes = {192, 0, 2, 1}}, .port = 853},
		.protocol = PROTOCOL_TLS,
		.secure = &secure};
	memset(world, 0, sizeof *world);
	memset(&seen, 0, sizeof seen);
	assert_int_equal(uv_loop_init(&world->loop), 0);
	assert_int_equal(tls_trust_nobody(&secure.trust), PF_OK);
	world->pool = pool_new(&world->loop, NULL, &target, NULL);
	assert_non_null(world->pool);
	tls_trust_unuse(&secure.trust);
}

static void end(struct world *world)
{
	pool_retire(&world->pool);
	pass(world, STEP_MS);
	assert_int_equal(seen.closed, seen.opened);
	assert_int_equal(uv_loop_close(&world->loop), 0);
}

/* ---- tests -------------------------------------------------------------------------------- */

static void nobody_asks_for_ten_seconds(void **state)
{
	(void)state;
	struct world world;
	begin(&world);
	ask(&world);
	answer(&world);
	assert_int_equal(world.answered, 1);
	pass(&world, POOL_IDLE_MS - 200);
	assert_int_equal(seen.closed, 0);
	/* a question is asked in it, and it is kept as long again */
	ask(&world);
	answer(&world);
	assert_int_equal(world.answered, 2);
	assert_int_equal(seen.opened, 1);
	pass(&world, POOL_IDLE_MS - 200);
	assert_int_equal(seen.closed, 0);
	/* it is looked at every quarter of POOL_SILENT_MS */
	pass(&world, 200 + POOL_SILENT_MS / 4);
	assert_int_equal(seen.closed, 1);
	/* whoever asks now gets a new one */
	ask(&world);
	answer(&world);
	assert_int_equal(world.answered, 3);
	assert_int_equal(seen.opened, 2);
	assert_int_equal(world.failed, 0);
	end(&world);
}

static void it_owes_an_answer_and_is_silent(void **state)
{
	(void)state;
	struct world world;
	begin(&world);
	ask(&world);
	/* waiting alone is no reason */
	pass(&world, POOL_IDLE_MS);
	assert_int_equal(seen.closed, 0);
	assert_true(request_is_well(&world.request));
	/* somebody has waited too long: nothing came since it was asked */
	pool_doubt(&world.request);
	assert_false(request_is_well(&world.request));
	pass(&world, POOL_SILENT_MS / 4);
	assert_int_equal(seen.closed, 1);
	assert_int_equal(world.failed, 1);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_asks_for_ten_seconds),
		cmocka_unit_test(it_owes_an_answer_and_is_silent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
