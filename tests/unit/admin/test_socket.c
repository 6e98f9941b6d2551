/* The control socket's life: who may connect, what is replaced, and what is never taken from another. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit/admin/http.h"
#include "unit/admin/world.h"

static int make(void **state)
{
	*state = world_new();
	return 0;
}

static int clean(void **state)
{
	world_free((struct world **)state);
	return 0;
}

/* Starts another admin on the same path. */
static int start_again(struct world *world, struct admin **admin, char error[500])
{
	struct admin_options options = {.socket_path = world->socket_path, .ops = world_ops(world)};
	error[0] = '\0';
	return admin_start(&options, admin, error);
}

static void expect_answer(const struct world *world)
{
	struct http_answer answer = http_get(world->socket_path, "/api/v1/status");
	assert_int_equal(answer.status, 200);
	http_free(&answer);
}

/* A listening or a dead socket of somebody else at the path. */
static int bind_other(const char *path, int type, bool listens)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	if (listens)
		assert_int_equal(listen(fd, 0), 0);
	return fd;
}

static void its_mode_is_0660_whatever_the_umask(void **state)
{
	struct world *world = *state;
	static const mode_t masks[] = {0, 022, 0777};
	for (size_t i = 0; i < PF_COUNT(masks); i++) {
		struct stat info;
		admin_stop(&world->admin);
		assert_int_equal(access(world->socket_path, F_OK), -1);
		mode_t before = umask(masks[i]);
		world_start(world);
		umask(before);
		assert_int_equal(lstat(world->socket_path, &info), 0);
		assert_true(S_ISSOCK(info.st_mode));
		assert_int_equal(info.st_mode & 07777, 0660);
		expect_answer(world);
	}
}

static void a_living_daemon_keeps_its_socket(void **state)
{
	struct world *world = *state;
	struct admin *other;
	char error[500];
	assert_int_equal(start_again(world, &other, error), PF_ECONFLICT);
	assert_null(other);
	assert_non_null(strstr(error, world->socket_path));
	assert_non_null(strstr(error, "Another daemon"));
	expect_answer(world);
}

/* One that listens and does not come to accepting: its queue is full. */
static void a_busy_daemon_keeps_its_socket(void **state)
{
	struct world *world = *state;
	struct admin *other;
	char error[500];
	int waiting[8], count = 0;
	admin_stop(&world->admin);
	int fd = bind_other(world->socket_path, SOCK_STREAM, true);
	for (; count < 8; count++) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		snprintf(address.sun_path, sizeof address.sun_path, "%s", world->socket_path);
		waiting[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(waiting[count], (struct sockaddr *)&address, sizeof address))
			break;
	}
	assert_in_range(count, 1, 7);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(start_again(world, &other, error), PF_ECONFLICT);
	assert_int_equal(access(world->socket_path, F_OK), 0);
	for (; count >= 0; count--)
		close(waiting[count]);
	close(fd);
	unlink(world->socket_path);
}

static void a_stale_socket_is_replaced(void **state)
{
	struct world *world = *state;
	admin_stop(&world->admin);
	close(bind_other(world->socket_path, SOCK_STREAM, true));
	world_start(world);
	expect_answer(world);
}

static void what_is_no_socket_of_ours_is_left_alone(void **state)
{
	struct world *world = *state;
	struct admin *other;
	char error[500], content[8] = "";
	admin_stop(&world->admin);

	FILE *file = fopen(world->socket_path, "w");
	fputs("mine", file);
	fclose(file);
	assert_int_equal(start_again(world, &other, error), PF_ECONFLICT);
	assert_non_null(strstr(error, "no socket"));
	file = fopen(world->socket_path, "r");
	assert_non_null(fgets(content, sizeof content, file));
	fclose(file);
	assert_string_equal(content, "mine");
	unlink(world->socket_path);

	assert_int_equal(symlink(world->journal_path, world->socket_path), 0);
	assert_int_equal(start_again(world, &other, error), PF_ECONFLICT);
	assert_int_equal(access(world->journal_path, F_OK), 0);
	unlink(world->socket_path);

	int fd = bind_other(world->socket_path, SOCK_DGRAM, false);
	assert_int_equal(start_again(world, &other, error), PF_ECONFLICT);
	assert_non_null(strstr(error, "can not be told"));
	close(fd);
	unlink(world->socket_path);
}

static void paths_that_can_not_be(void **state)
{
	struct world *world = *state;
	struct admin *admin;
	char error[500], path[300];
	struct admin_options options = {.socket_path = path, .ops = world_ops(world)};

	snprintf(path, sizeof path, "%s/none/control.sock", world->folder);
	assert_int_equal(admin_start(&options, &admin, error), PF_EIO);
	assert_non_null(strstr(error, "No such file or directory"));
	assert_non_null(strstr(error, path));

	memset(path, 'x', 200);
	path[0] = '/';
	path[200] = '\0';
	assert_int_equal(admin_start(&options, &admin, error), PF_EINVAL);
	assert_non_null(strstr(error, "107"));

	path[0] = '\0';
	assert_int_equal(admin_start(&options, &admin, error), PF_EINVAL);
	assert_null(admin);
}

/* The longest that the kernel takes. */
static void a_path_of_107_bytes(void **state)
{
	struct world *world = *state;
	struct admin *admin;
	char error[500], path[108];
	struct admin_options options = {.socket_path = path, .ops = world_ops(world)};
	int length = snprintf(path, sizeof path, "%s/", world->folder);
	memset(path + length, 'x', sizeof path - 1 - (size_t)length);
	path[sizeof path - 1] = '\0';
	assert_int_equal(admin_start(&options, &admin, error), PF_OK);
	struct http_answer answer = http_get(path, "/api/v1/rules");
	assert_int_equal(answer.status, 200);
	http_free(&answer);
	admin_stop(&admin);
	assert_int_equal(access(path, F_OK), -1);
}

static void stopping_removes_only_its_own_socket(void **state)
{
	struct world *world = *state;
	unlink(world->socket_path);
	int fd = bind_other(world->socket_path, SOCK_STREAM, true);
	admin_stop(&world->admin);
	assert_null(world->admin);
	assert_int_equal(access(world->socket_path, F_OK), 0);
	admin_stop(&world->admin); /* twice does no harm */
	close(fd);
}

/* A client that keeps its connection open and says nothing does not hold up the end. */
static void stopping_does_not_wait_for_idle_clients(void **state)
{
	struct world *world = *state;
	int idle = http_connect(world->socket_path), half = http_connect(world->socket_path);
	assert_int_equal(send(half, "GET /api", 8, 0), 8);
	admin_stop(&world->admin);
	char byte;
	assert_true(recv(idle, &byte, 1, 0) <= 0);
	close(idle);
	close(half);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_mode_is_0660_whatever_the_umask, make, clean),
		cmocka_unit_test_setup_teardown(a_living_daemon_keeps_its_socket, make, clean),
		cmocka_unit_test_setup_teardown(a_busy_daemon_keeps_its_socket, make, clean),
		cmocka_unit_test_setup_teardown(a_stale_socket_is_replaced, make, clean),
		cmocka_unit_test_setup_teardown(what_is_no_socket_of_ours_is_left_alone, make, clean),
		cmocka_unit_test_setup_teardown(paths_that_can_not_be, make, clean),
		cmocka_unit_test_setup_teardown(a_path_of_107_bytes, make, clean),
		cmocka_unit_test_setup_teardown(stopping_removes_only_its_own_socket, make, clean),
		cmocka_unit_test_setup_teardown(stopping_does_not_wait_for_idle_clients, make, clean),
	};
	return cmocka_run_group_tests_name("admin: socket", tests, NULL, NULL);
}
