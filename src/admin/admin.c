/* The HTTP side of the admin: the control socket, libmicrohttpd, routes, RFC 9457 problems. A connection has a
 * thread of its own, which may block; DNS does not know about any of them. */
#include "admin/admin.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/routes.h"

#define CONNECTIONS_MAX 64
#define CONNECTION_TIMEOUT_S 30
#define CONNECTION_MEMORY_BYTES (64 << 10) /* request line and headers */
#define BODY_BYTES_MAX (64 << 10)

struct admin {
	struct MHD_Daemon *server;
	char *socket_path;
	struct routes_context context;
};

/* What is kept of a request between libmicrohttpd's calls. */
struct request {
	size_t body_bytes;
};

/* ---- responses --------------------------------------------------------------------------- */

static const char *title_of(int http)
{
	switch (http) {
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 409: return "Conflict";
	case 413: return "Content Too Large";
	case 422: return "Unprocessable Content";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	default: return "Internal Server Error";
	}
}

/* Takes over `body`. */
static enum MHD_Result respond(struct MHD_Connection *connection, int http, json_t *body,
                               const char *allow)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	if (!text)
		return MHD_NO;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	const char *type = http < 400 ? "application/json" : "application/problem+json";
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (allow)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
	enum MHD_Result result = MHD_queue_response(connection, (unsigned)http, response);
	MHD_destroy_response(response);
	return result;
}

/* A problem document; members of `extra`, if any, are added. */
static enum MHD_Result respond_problem(struct MHD_Connection *connection, int http,
                                       const char *detail, json_t *extra, const char *allow)
{
	json_t *problem = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
	                            title_of(http), "status", http, "detail", detail);
	if (problem && extra)
		json_object_update(problem, extra);
	json_decref(extra);
	return respond(connection, http, problem, allow);
}

/* ---- requests ---------------------------------------------------------------------------- */

static enum MHD_Result add_param(void *data, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
	(void)kind;
	struct params *params = data;
	if (params->count == PARAM_MAX)
		params->too_many = true;
	else
		params->list[params->count++] = (struct param){name, value ? value : ""};
	return MHD_YES;
}

static enum MHD_Result answer(struct admin *admin, struct MHD_Connection *connection,
                              const char *path, const char *method)
{
	struct params params = {0};
	char error[500] = "";
	int http = 200;
	const struct route *route = route_find(path);
	if (!route) {
		snprintf(error, sizeof error, "There is nothing at %.200s; the API is under /api/v1/.",
		         path);
		return respond_problem(connection, 404, error, NULL, NULL);
	}
	bool read = !strcmp(method, "GET") || !strcmp(method, "HEAD");
	if (route->changes ? strcmp(method, "POST") != 0 : !read) {
		const char *allow = route->changes ? "POST" : "GET, HEAD";
		snprintf(error, sizeof error, "%s takes %s.", route->path, allow);
		return respond_problem(connection, 405, error, NULL, allow);
	}
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_param, &params);
	if (params_check(&params, route->params, error) != PF_OK)
		return respond_problem(connection, 400, error, NULL, NULL);
	json_t *body = route->handle(&admin->context, &params, &http, error);
	if (body && http < 400)
		return respond(connection, http, body, NULL);
	if (http < 400)
		http = 500;
	return respond_problem(connection, http, *error ? error : "The daemon could not answer.", body,
	                       NULL);
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **memory)
{
	(void)version;
	(void)upload;
	struct request *request = *memory;
	if (!request) {
		*memory = request = calloc(1, sizeof *request);
		return request ? MHD_YES : MHD_NO;
	}
	if (*upload_size) {
		request->body_bytes += *upload_size;
		*upload_size = 0; /* no call takes a body yet: it is read and forgotten, up to the limit */
		return request->body_bytes <= BODY_BYTES_MAX ? MHD_YES : MHD_NO;
	}
	if (request->body_bytes > BODY_BYTES_MAX)
		return respond_problem(connection, 413, "The body is too large.", NULL, NULL);
	return answer(data, connection, path, method);
}

static void on_completed(void *data, struct MHD_Connection *connection, void **memory,
                         enum MHD_RequestTerminationCode code)
{
	(void)data;
	(void)connection;
	(void)code;
	free(*memory);
	*memory = NULL;
}

/* ---- the socket -------------------------------------------------------------------------- */

static int fill_address(const char *path, struct sockaddr_un *address, char error[500])
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address->sun_path) {
		snprintf(
			error, 500,
			"The path of the control socket is longer than %zu bytes: %.200s (listen.control).",
			sizeof address->sun_path - 1, path);
		return PF_EINVAL;
	}
	strcpy(address->sun_path, path);
	return PF_OK;
}

/* A socket that nobody answers on was left by a daemon that died. */
static int clear_stale(const struct sockaddr_un *address, char error[500])
{
	struct stat info;
	if (lstat(address->sun_path, &info))
		return PF_OK;
	if (!S_ISSOCK(info.st_mode)) {
		snprintf(error, 500, "%s is there and no socket: move it away, or change listen.control.",
		         address->sun_path);
		return PF_ECONFLICT;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && !connect(fd, (const struct sockaddr *)address, sizeof *address);
	if (fd >= 0)
		close(fd);
	if (alive) {
		snprintf(error, 500, "Another daemon answers on %s: stop it, or change listen.control.",
		         address->sun_path);
		return PF_ECONFLICT;
	}
	if (unlink(address->sun_path)) {
		snprintf(error, 500, "The stale socket %s can not be removed: %s.", address->sun_path,
		         strerror(errno));
		return PF_EIO;
	}
	return PF_OK;
}

static int open_socket(const char *path, int *out, char error[500])
{
	struct sockaddr_un address;
	int result = fill_address(path, &address, error);
	if (result == PF_OK)
		result = clear_stale(&address, error);
	if (result != PF_OK)
		return result;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* The mode is set before anybody can connect: listen comes last. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || chmod(path, 0660) ||
	    listen(fd, CONNECTIONS_MAX)) {
		snprintf(error, 500, "The control socket %s can not be opened: %s (listen.control).", path,
		         strerror(errno));
		if (fd >= 0)
			close(fd);
		return PF_EIO;
	}
	*out = fd;
	return PF_OK;
}

/* ---- life -------------------------------------------------------------------------------- */

int admin_start(const struct admin_options *options, struct admin **out, char error[500])
{
	int fd;
	*out = NULL;
	struct admin *admin = calloc(1, sizeof *admin);
	if (!admin)
		return PF_ENOMEM;
	admin->socket_path = strdup(options->socket_path);
	admin->context = (struct routes_context){options->journal_path, options->ops};
	int result = admin->socket_path ? open_socket(options->socket_path, &fd, error) : PF_ENOMEM;
	if (result != PF_OK) {
		free(admin->socket_path);
		free(admin);
		return result;
	}
	admin->server =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
	                         MHD_USE_POLL | MHD_USE_ITC,
	                     0, NULL, NULL, on_request, admin, MHD_OPTION_LISTEN_SOCKET, fd,
	                     MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	                     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
	                     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
	                     MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (!admin->server) {
		snprintf(error, 500, "The API's thread can not be started on %s.", options->socket_path);
		close(fd);
		unlink(options->socket_path);
		free(admin->socket_path);
		free(admin);
		return PF_EIO;
	}
	*out = admin;
	return PF_OK;
}

void admin_stop(struct admin **admin)
{
	struct admin *old = *admin;
	if (!old)
		return;
	unlink(old->socket_path); /* nobody new; those who are in get their answers */
	MHD_stop_daemon(old->server);
	free(old->socket_path);
	free(old);
	*admin = NULL;
}
