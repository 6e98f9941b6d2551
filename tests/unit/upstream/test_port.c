/* Unit tests of upstream/port.h: each question has a port of its own that nobody can foresee, and nothing that came to one port
 * is read on the next. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "upstream/port.h"

#define QUESTIONS 300

struct world {
	uv_loop_t loop;
	struct port_pool pool;
	int server;
	struct addr_port address;
	unsigned read_count;
};

static void on_port(void *user, bool broken)
{
	struct world *world = user;
	assert_false(broken);
	world->read_count++;
}

static int build(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	struct sockaddr_storage bound;
	socklen_t length = sizeof bound;
	struct addr_port any;
	assert_non_null(world);
	assert_int_equal(addr_port_parse("127.0.0.1", 53, &any), PF_OK);
	any.port = 0;
	uv_loop_init(&world->loop);
	port_pool_init(&world->pool, &world->loop, on_port);
	world->server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(world->server >= 0);
	addr_to_sockaddr(&any, &bound);
	assert_int_equal(bind(world->server, (struct sockaddr *)&bound, sizeof(struct sockaddr_in)), 0);
	assert_int_equal(getsockname(world->server, (struct sockaddr *)&bound, &length), 0);
	assert_int_equal(addr_from_sockaddr((struct sockaddr *)&bound, &world->address), PF_OK);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	port_pool_close(&world->pool);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	close(world->server);
	free(world);
	return 0;
}

/* Takes a port, sends a byte from it and says from where the server sees it come. */
static struct port *ask(struct world *world, struct sockaddr_in *from)
{
	uint8_t byte = 1;
	socklen_t length = sizeof *from;
	struct port *port = port_take(&world->pool, &world->address, world);
	assert_non_null(port);
	assert_int_equal(send(port->fd, &byte, 1, 0), 1);
	assert_int_equal(recvfrom(world->server, &byte, 1, 0, (struct sockaddr *)from, &length), 1);
	return port;
}

static void answer(struct world *world, const struct sockaddr_in *to, uint8_t byte)
{
	assert_int_equal(sendto(world->server, &byte, 1, 0, (const struct sockaddr *)to, sizeof *to),
	                 1);
}

/* Of 28,232 ports two or so are expected twice among 300, and they lie all over. */
static void each_question_has_a_port_of_its_own(void **state)
{
	struct world *world = *state;
	static uint8_t seen[65536];
	unsigned distinct = 0;
	uint16_t least = UINT16_MAX, most = 0;
	for (int i = 0; i < QUESTIONS; i++) {
		struct sockaddr_in from;
		struct port *port = ask(world, &from);
		uint16_t number = ntohs(from.sin_port);
		port_give_back(&port);
		assert_null(port);
		distinct += !seen[number];
		seen[number] = 1;
		least = number < least ? number : least;
		most = number > most ? number : most;
	}
	assert_true(distinct >= QUESTIONS - 15);
	assert_true(most - least > 20000);
	assert_int_equal(world->pool.spare_count[0], 1); /* and one socket for all */
}

static void nothing_is_left_of_the_last_question(void **state)
{
	struct world *world = *state;
	struct sockaddr_in first, second;
	uint8_t byte;
	struct port *port = ask(world, &first);
	for (uint8_t i = 0; i < 5; i++)
		answer(world, &first, i); /* nobody reads them */
	port_give_back(&port);
	port = ask(world, &second);
	assert_int_equal(recv(port->fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	if (first.sin_port != second.sin_port)
		answer(world, &first, 6); /* nobody has that port now */
	answer(world, &second, 7);
	while (!world->read_count)
		uv_run(&world->loop, UV_RUN_ONCE);
	assert_int_equal(recv(port->fd, &byte, 1, 0), 1);
	assert_int_equal(byte, 7);
	port_give_back(&port);
}

static void another_socket_is_made_while_one_is_out(void **state)
{
	struct world *world = *state;
	struct sockaddr_in from[2];
	struct port *ports[2] = {ask(world, &from[0]), ask(world, &from[1])};
	assert_true(from[0].sin_port != from[1].sin_port);
	for (int i = 0; i < 2; i++)
		port_give_back(&ports[i]);
	assert_int_equal(world->pool.spare_count[0], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_question_has_a_port_of_its_own, build, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_left_of_the_last_question, build, tear_down),
		cmocka_unit_test_setup_teardown(another_socket_is_made_while_one_is_out, build, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
