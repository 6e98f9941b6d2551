/* The daemon's end of helper.h. */
#include "notify/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "notify/order.h"

#define INHERITED "PORTAFILTER_HELPER" /* "FD PID", of the program before this one */
#define HELPS "PORTAFILTER_HELPS"      /* "FD": this process is one */

bool helper_is_wanted(const struct config *config)
{
	for (size_t i = 0; i < config->notify_count; i++)
		if (config->notify[i].kind == CONFIG_NOTIFY_COMMAND)
			return true;
	return false;
}

int helper_start(const struct config *config, struct helper **out)
{
	int ends[2];
	struct helper *helper = calloc(1, sizeof *helper);
	*out = NULL;
	if (!helper)
		return PF_ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		free(helper);
		return PF_EIO;
	}
	helper->fd = ends[0];
	helper->pid = fork();
	if (!helper->pid)
		order_process(fcntl(ends[1], F_DUPFD, 3), config->file, config);
	close(ends[1]);
	if (helper->pid > 0) {
		*out = helper;
		return PF_OK;
	}
	close(ends[0]);
	free(helper);
	return PF_EIO;
}

struct helper *helper_receive(void)
{
	const char *text = getenv(INHERITED);
	struct helper *helper = text ? calloc(1, sizeof *helper) : NULL;
	int type;
	socklen_t length = sizeof type;
	if (helper && (sscanf(text, "%d %d", &helper->fd, &helper->pid) != 2 || helper->fd < 3 ||
	               getsockopt(helper->fd, SOL_SOCKET, SO_TYPE, &type, &length) ||
	               fcntl(helper->fd, F_SETFD, FD_CLOEXEC) < 0)) {
		free(helper);
		helper = NULL;
	}
	unsetenv(INHERITED);
	return helper;
}

void helper_send(struct helper *helper, const char *program)
{
	char bytes[sizeof(struct order_head) + 4096], text[48];
	const struct order_head head = {.verb = ORDER_RENEW};
	size_t length = strlen(program) + 1;
	if (length <= sizeof bytes - sizeof head) {
		memcpy(bytes, &head, sizeof head);
		memcpy(bytes + sizeof head, program, length);
		(void)!send(helper->fd, bytes, sizeof head + length, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	snprintf(text, sizeof text, "%d %d", helper->fd, helper->pid);
	if (fcntl(helper->fd, F_SETFD, 0) < 0 || setenv(INHERITED, text, 1))
		log_error("the helper that runs commands can not be handed over");
}

void helper_reload(struct helper *helper)
{
	const struct order_head head = {.verb = ORDER_RELOAD};
	(void)!send(helper->fd, &head, sizeof head, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void helper_free(struct helper **helper)
{
	struct helper *old = *helper;
	if (!old)
		return;
	close(old->fd);
	while (waitpid(old->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(old);
	*helper = NULL;
}

bool helper_main(const char *config_path, int *exit_code)
{
	const char *text = getenv(HELPS);
	if (!text)
		return false;
	int fd = atoi(text);
	unsetenv(HELPS);
	*exit_code = 1;
	if (fd < 3)
		return true;
	order_process(fd, config_path, NULL);
}
