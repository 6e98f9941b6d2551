/* The helper as a real process: it runs what the configuration names, and nothing else, whoever asks. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "notify/order.h"

#define PATIENCE_MS 60000

static char configured[] = "/bin/sh", minus_c[] = "-c", words[] = "exit 3", others[] = "exit 4",
			more[] = "more", path[] = "PATH=/bin", name[] = "PORTAFILTER_NAME=a.test";

static struct helper *start(void)
{
	static char file[] = "/nowhere/portafilter.yaml";
	static char *arguments[] = {configured, minus_c, words, NULL};
	static struct config_notify target = {.kind = CONFIG_NOTIFY_COMMAND,
	                                      .arguments = arguments,
	                                      .argument_count = 3};
	const struct config config = {.file = file, .notify = &target, .notify_count = 1};
	struct helper *helper;
	assert_int_equal(helper_start(&config, &helper), PF_OK);
	return helper;
}

static const char *answer(const struct helper *helper, uint64_t number)
{
	static struct order_result result;
	struct pollfd poll_for = {.fd = helper->fd, .events = POLLIN};
	assert_int_equal(poll(&poll_for, 1, PATIENCE_MS), 1);
	assert_int_equal(recv(helper->fd, &result, sizeof result, 0), sizeof result);
	assert_int_equal(result.number, number);
	return result.error;
}

static void ask(const struct helper *helper, uint64_t number, char *third, char *fourth)
{
	char *arguments[] = {configured, minus_c, third, fourth, NULL};
	const struct run_order order = {arguments, {path, name, NULL}, "{}", 2};
	assert_true(order_send(helper, number, &order));
}

static void only_what_is_configured_is_run(void **state)
{
	(void)state;
	struct helper *helper = start();
	ask(helper, 1, words, NULL);
	assert_string_equal(answer(helper, 1), "the command ended with 3.");
	ask(helper, 2, others, NULL);
	assert_string_equal(answer(helper, 2), "the configuration does not name this command.");
	ask(helper, 3, words, more);
	assert_string_equal(answer(helper, 3), "the configuration does not name this command.");
	ask(helper, 4, NULL, NULL);
	assert_string_equal(answer(helper, 4), "the configuration does not name this command.");
	/* a configuration that can not be read changes nothing */
	helper_reload(helper);
	ask(helper, 5, words, NULL);
	assert_string_equal(answer(helper, 5), "the command ended with 3.");
	helper_free(&helper);
	assert_null(helper);
}

static void orders_that_lie_are_none(void **state)
{
	(void)state;
	char bytes[256], *arguments[] = {configured, more, NULL};
	int ends[2];
	struct order_read read;
	struct order_head head;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	const struct helper helper = {.fd = ends[0]};
	assert_true(
		order_send(&helper, 7, &(struct run_order){arguments, {path, name, NULL}, "in", 2}));
	ssize_t length = recv(ends[1], bytes, sizeof bytes, 0);
	assert_int_equal(order_read(bytes, (size_t)length, &read), PF_OK);
	assert_string_equal(read.run.arguments[1], more);
	assert_null(read.run.arguments[2]);
	assert_string_equal(read.run.environment[1], name);
	assert_memory_equal(read.run.input, "in", 2);
	for (size_t cut = 0; cut < (size_t)length; cut++) /* each length but the right one */
		assert_int_equal(order_read(bytes, cut, &read), PF_EINVAL);
	memcpy(&head, bytes, sizeof head);
	const struct order_head lies[] = {
		{head.verb, 0, head.environment_count, head.input_length, 7},
		{head.verb, UINT32_MAX, head.environment_count, head.input_length, 7},
		{head.verb, head.argument_count, UINT32_MAX, head.input_length, 7},
		{head.verb, head.argument_count, head.environment_count, UINT32_MAX, 7},
		{head.verb, head.argument_count + 2, head.environment_count, head.input_length, 7},
	};
	for (size_t i = 0; i < PF_COUNT(lies); i++) {
		memcpy(bytes, &lies[i], sizeof lies[i]);
		assert_int_equal(order_read(bytes, (size_t)length, &read), PF_EINVAL);
	}
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_configured_is_run),
		cmocka_unit_test(orders_that_lie_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
