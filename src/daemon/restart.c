/* A new program in place of this one, see restart.h. */
#include "daemon/restart.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/handover.h"

struct restart {
	char program[PATH_MAX];
	struct handover sockets;
};

static int keep_web(const struct admin_web *web, struct handover *sockets)
{
	int fds[CONFIG_WEB_MAX];
	size_t count = web ? admin_web_sockets(web, fds) : 0;
	for (size_t i = 0; i < count; i++)
		if (handover_keep_one(sockets, fds[i]) != PF_OK)
			return PF_EIO;
	return PF_OK;
}

struct restart *restart_new(const struct socket_set *sets, size_t worker_count,
                            const struct admin_web *web)
{
	struct restart *restart = calloc(1, sizeof *restart);
	if (!restart)
		return NULL;
	/* Now, as later it says "(deleted)" of a program that was replaced. */
	ssize_t length = readlink("/proc/self/exe", restart->program, sizeof restart->program - 1);
	if (length > 0 && handover_keep(sets, worker_count, &restart->sockets) == PF_OK &&
	    keep_web(web, &restart->sockets) == PF_OK)
		return restart;
	restart_free(&restart);
	return NULL;
}

void restart_free(struct restart **restart)
{
	if (*restart)
		handover_close(&(*restart)->sockets);
	free(*restart);
	*restart = NULL;
}

static bool listens_there_too(const struct daemon *daemon, const struct config_listen *place)
{
	for (size_t i = 0; i < daemon->listen_count; i++)
		if (config_listen_equal(&daemon->listen[i], place))
			return true;
	return false;
}

bool restart_is_sound(struct daemon *daemon)
{
	if (!daemon->restart) {
		log_error("this daemon can not be replaced in place: its sockets could not be kept");
		return false;
	}
	if (reload_snapshot(daemon) != PF_OK) {
		log_error("not replaced: a new daemon would not start with this configuration");
		return false;
	}
	const struct config *config = daemon->shared.snapshot->config;
	for (size_t i = 0; i < config->listen_count; i++) {
		if (listens_there_too(daemon, &config->listen[i]))
			continue;
		char text[ADDR_PORT_TEXT_MAX];
		addr_port_format(&config->listen[i].address, text);
		log_error(
			"not replaced: `listen` names %s, where nobody listens yet, and the rights to listen "
			"there are gone; stop the daemon and start it",
			text);
		return false;
	}
	return true;
}

void restart_become(const struct daemon *daemon)
{
	const struct restart *restart = daemon->restart;
	sandbox_send(&daemon->sandbox);
	if (daemon->recursion)
		recursion_send(daemon->recursion);
	if (daemon->helper)
		helper_send(daemon->helper, restart->program);
	if (handover_send(&restart->sockets) != PF_OK)
		log_error("the listening sockets can not be handed over: out of memory");
	execl(restart->program, restart->program, "-c", daemon->config_path, (char *)NULL);
	log_error("%s can not be run: %s", restart->program, strerror(errno));
}
