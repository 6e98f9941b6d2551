/* The admin's life: the control socket and the listeners of listen.web, the threads of their jobs, and who may do what. */
#include "admin/admin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/live.h"
#include "admin/server.h"
#include "admin/socket.h"
#include "admin/web.h"

#define LOCAL_CONNECTIONS_MAX 64 /* people and scripts of one machine */
#define WEB_CONNECTIONS_MAX 2048 /* whoever opens a thousand and says nothing shuts out nobody */
#define WEB_CONNECTIONS_OF_ONE_MAX 1536 /* nor does one address that opens all it can */
#define JOBS_MAX 8 /* at once: what they ask of the journal is bound by its disk */
#define JOBS_WAITING_MAX 256

#define ROWS_ANSWER_BYTES_MAX (128u << 20) /* some 350,000 rows of the journal */
#define ROWS_HELD_BYTES_MAX (256u << 20)   /* what DNS can spare on a machine of 1 GiB */

struct admin {
	struct socket_place place;
	char *journal_path; /* NULL: no journal is kept */
	struct access *access;
	struct jobs *jobs;
	struct admin_web *web; /* borrowed; NULL: the control socket only */
	struct routes_context context;
	size_t server_count;
	struct server *servers[1 + CONFIG_WEB_MAX]; /* the control socket's first */
};

static void destroy(struct admin *admin)
{
	for (size_t i = 0; i < admin->server_count; i++)
		server_quiesce(admin->servers[i]);
	jobs_stop(&admin->jobs); /* all that waited for one is resumed then */
	if (admin->context.live)
		live_end(admin->context.live);
	for (size_t i = 0; i < admin->server_count; i++)
		server_stop(&admin->servers[i]);
	socket_remove(&admin->place);
	access_close(&admin->access);
	free(admin->journal_path);
	free(admin);
}

static int add_server(struct admin *admin, const struct server_options *options, const char *where,
                      char error[500])
{
	struct server *server = server_start(options);
	if (!server) {
		snprintf(error, 500, "The thread of the API on %s can not be started: %s.", where,
		         options->certificate ? "are listen.web.certificate and its key good?"
		                              : strerror(errno));
		return PF_EIO;
	}
	admin->servers[admin->server_count++] = server;
	return PF_OK;
}

static int start_local(struct admin *admin, const char *path, char error[500])
{
	struct server_options options = {.local = true,
	                                 .connections_max = LOCAL_CONNECTIONS_MAX,
	                                 .context = &admin->context,
	                                 .jobs = admin->jobs};
	int result = socket_open(path, LOCAL_CONNECTIONS_MAX, &options.fd, &admin->place, error);
	return result == PF_OK ? add_server(admin, &options, path, error) : result;
}

static int start_web(struct admin *admin, struct admin_web *web, char error[500])
{
	int result = admin_web_check(web, admin->access, error);
	admin->web = web;
	for (size_t i = 0; i < web->count && result == PF_OK; i++) {
		char where[ADDR_PORT_TEXT_MAX];
		struct server_options options = {.fd = web->fds[i],
		                                 .gate = {(const char *const *)web->names, web->name_count,
		                                          web->certificate != NULL, admin->access},
		                                 .certificate = web->certificate,
		                                 .key = web->key,
		                                 .connections_max = WEB_CONNECTIONS_MAX,
		                                 .connections_of_one_max = WEB_CONNECTIONS_OF_ONE_MAX,
		                                 .context = &admin->context,
		                                 .jobs = admin->jobs};
		web->fds[i] = -1;
		addr_port_format(&web->addresses[i], where);
		result = add_server(admin, &options, where, error);
	}
	return result;
}

static int prepare(struct admin *admin, const struct admin_options *options, char error[500])
{
	char path[PATH_MAX];
	snprintf(error, 500, "There is no memory for the API.");
	if (options->journal_path && !(admin->journal_path = strdup(options->journal_path)))
		return PF_ENOMEM;
	admin->jobs = jobs_start(JOBS_MAX, JOBS_WAITING_MAX);
	if (!admin->jobs)
		return PF_ENOMEM;
	if (options->state_folder) {
		snprintf(path, sizeof path, "%s/%s", options->state_folder, ACCESS_FILE);
		const struct access_options access = {.path = path,
		                                      .session_us =
		                                          options->web ? options->web->session_us : 0};
		int result = access_open(&access, &admin->access, error);
		if (result != PF_OK)
			return result;
	}
	admin->context = (struct routes_context){.journal_path = admin->journal_path,
	                                         .ops = options->ops,
	                                         .budget = {.answer_bytes_max = ROWS_ANSWER_BYTES_MAX,
	                                                    .held_bytes_max = ROWS_HELD_BYTES_MAX},
	                                         .etag_key = hash_key_random(),
	                                         .access = admin->access,
	                                         .live = options->live};
	return PF_OK;
}

int admin_start(const struct admin_options *options, struct admin **out, char error[500])
{
	*out = NULL;
	struct admin *admin = calloc(1, sizeof *admin);
	if (!admin) {
		snprintf(error, 500, "There is no memory for the API.");
		return PF_ENOMEM;
	}
	int result = prepare(admin, options, error);
	if (result == PF_OK)
		result = start_local(admin, options->socket_path, error);
	if (result == PF_OK && options->web && admin->access)
		result = start_web(admin, options->web, error);
	if (result == PF_OK)
		*out = admin;
	else
		destroy(admin);
	return result;
}

static int renew(struct admin *admin, const char *certificate, const char *key, char error[500])
{
	int result = PF_OK;
	for (size_t i = 1; i < admin->server_count && result == PF_OK; i++)
		result = server_renew(admin->servers[i], certificate, key);
	if (result == PF_EINVAL)
		snprintf(
			error, 500,
			"the certificate of listen.web and its key do not fit each other, or are none; the "
			"one in use stays");
	else if (result != PF_OK)
		snprintf(error, 500,
		         "the certificate of listen.web can not be renewed now: too many connections of "
		         "earlier ones are open; the one in use stays until the next reload");
	return result;
}

int admin_renew_certificate(struct admin *admin, const struct config_web *config, char error[500])
{
	char *certificate, *key, why[500];
	bool unreadable;
	struct admin_web *web = admin->web;
	if (!web || !web->certificate || !config->certificate)
		return PF_OK;
	if (admin_web_read(config, &certificate, &key, &unreadable, why) != PF_OK) {
		snprintf(error, 500, "%.400s The one in use stays.", why);
		return unreadable ? PF_EIO : PF_EINVAL;
	}
	int result = PF_OK;
	bool changed = strcmp(certificate, web->certificate) || strcmp(key, web->key);
	if (changed)
		result = renew(admin, certificate, key, error);
	if (changed && result == PF_OK) {
		free(web->certificate);
		free(web->key);
		web->certificate = certificate;
		web->key = key;
		return PF_OK;
	}
	free(certificate);
	free(key);
	return result;
}

void admin_stop(struct admin **admin)
{
	struct admin *old = *admin;
	if (!old)
		return;
	*admin = NULL;
	socket_remove(&old->place); /* nobody new finds it; calls that are under way are waited for */
	destroy(old);
}
