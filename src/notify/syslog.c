/* syslog: one datagram to the local socket, in the form of RFC 5424 without structured data of our own. Never syslog(3), which may
 * block. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify/state.h"

#define PRIORITY (3 * 8 + 5) /* daemon, notice: RFC 5424, 6.2.1 */
#define MESSAGE_MAX (EVENT_TEXT_MAX + 128)

static void start(struct target *target)
{
	const struct event *event = &target->queue[0];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char message[MESSAGE_MAX], time[CLOCK_TEXT_MAX], error[NOTIFY_ERROR_MAX];
	clock_format(event->time_wall_us, time);
	int length = snprintf(message, sizeof message, "<%d>1 %s - portafilterd %ld %s - %s", PRIORITY,
	                      time, (long)getpid(), event_word(event->kind), event->text);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", target->config.where);
	/* What was escaped for people may still hold a newline of a device's name: one event is one line. */
	for (char *c = message; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool sent = fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof address) &&
	            send(fd, message, (size_t)length, MSG_NOSIGNAL) == length;
	snprintf(error, sizeof error, "%s.", strerror(errno));
	if (fd >= 0)
		close(fd);
	target_delivered(target, sent ? NULL : error, false);
}

static void abort_nothing(struct target *target)
{
	(void)target; /* it is over before anybody can ask */
}

const struct sender sender_syslog = {"syslog", start, abort_nothing};
