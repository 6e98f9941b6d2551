/* Sessions, passwords and tokens over HTTP. A session's secret is in its cookie only, where no script can read it; a token is
 * shown in the one answer that makes it. */
#include "admin/routes_access.h"

#include <stdio.h>
#include <string.h>

#include "admin/gate.h"

static int http_of(int error)
{
	switch (error) {
	case PF_EINVAL: return 400;
	case PF_ENOENT: return 404;
	case PF_ECONFLICT:
	case PF_EFULL: return 409;
	default: return 503;
	}
}

static bool has_access(struct routes_context *context, struct routes_answer *answer)
{
	if (!context->access)
		routes_fail(answer, 409, "This daemon keeps no passwords and no tokens.");
	return context->access != NULL;
}

/* ---- sessions ---------------------------------------------------------------------------- */

static void set_cookie(struct routes_answer *answer, const char *value, int64_t seconds)
{
	bool tls = answer->caller->tls;
	answer->header = MHD_HTTP_HEADER_SET_COOKIE;
	snprintf(answer->header_value, sizeof answer->header_value,
	         "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", gate_cookie_name(tls),
	         value, (long long)seconds, tls ? "; Secure" : "");
}

void get_session(struct routes_context *context, const struct params *params,
                 struct routes_answer *answer)
{
	(void)params;
	const struct caller *caller = answer->caller;
	char expires[CLOCK_TEXT_MAX];
	clock_format(caller->expires_wall_us, expires);
	bool set = context->access && access_has_password(context->access, ACCESS_ADMIN);
	answer->body =
		json_pack("{s:s?, s:b, s:o}", "role", access_role_word(caller->role), "password_set", set,
	              "expires", *caller->session ? json_string(expires) : json_null());
}

void post_login(struct routes_context *context, const struct params *params,
                struct routes_answer *answer)
{
	const char *password = params_get(params, "password");
	struct access_login login;
	if (answer->caller->local) {
		routes_fail(answer, 409, "The control socket needs no login.");
		return;
	}
	if (!password) {
		routes_fail(answer, 400, "Give a \"password\".");
		return;
	}
	struct now now = clock_now();
	int error =
		access_login(context->access, &answer->caller->addr, password, now, &login, answer->error);
	if (error == PF_OK) {
		char expires[CLOCK_TEXT_MAX];
		clock_format(login.expires_wall_us, expires);
		set_cookie(answer, login.session, (login.expires_wall_us - now.wall_us) / 1000000);
		answer->body =
			json_pack("{s:s, s:s}", "role", access_role_word(login.role), "expires", expires);
	} else if (error == PF_EFULL) {
		answer->http = 429;
		answer->header = MHD_HTTP_HEADER_RETRY_AFTER;
		snprintf(answer->header_value, sizeof answer->header_value, "%d", login.wait_s);
	} else {
		answer->http = error == PF_EINVAL ? 401 : error == PF_ENOENT ? 409 : 503;
	}
}

void post_logout(struct routes_context *context, const struct params *params,
                 struct routes_answer *answer)
{
	(void)params;
	if (*answer->caller->session)
		access_logout(context->access, answer->caller->session);
	set_cookie(answer, "", 0);
	answer->body = json_pack("{s:n}", "role");
}

/* ---- passwords --------------------------------------------------------------------------- */

/* Over the network whoever changes the password must know it: a session that was left open is not enough. */
static bool knows_password(struct routes_context *context, const struct params *params,
                           struct routes_answer *answer)
{
	const char *current = params_get(params, "current");
	struct access_login login;
	if (answer->caller->local)
		return true;
	if (!current) {
		routes_fail(answer, 400, "Give the \"current\" password of the admin.");
		return false;
	}
	int error = access_login(context->access, &answer->caller->addr, current, clock_now(), &login,
	                         answer->error);
	if (error == PF_OK)
		access_logout(context->access, login.session);
	if (error == PF_OK && login.role == ACCESS_ADMIN)
		return true;
	if (error == PF_OK || error == PF_EINVAL)
		routes_fail(answer, 403, "That is not the current password of the admin.");
	else
		answer->http = error == PF_EFULL ? 429 : 503;
	return false;
}

void post_password(struct routes_context *context, const struct params *params,
                   struct routes_answer *answer)
{
	const char *word = params_get(params, "role"), *password = params_get(params, "password");
	enum access_role role = word ? access_role_parse(word) : ACCESS_ADMIN;
	if (!has_access(context, answer))
		return;
	if (role == ACCESS_NOBODY || !password) {
		routes_fail(answer, 400, "Give a \"password\", and a \"role\": admin or viewer.");
		return;
	}
	if (!knows_password(context, params, answer))
		return;
	int error = access_set_password(context->access, role, password, answer->error);
	if (error == PF_OK)
		answer->body = json_pack("{s:s, s:b}", "role", access_role_word(role), "password_set",
		                         *password != '\0');
	else
		answer->http = http_of(error);
}

/* ---- tokens ------------------------------------------------------------------------------ */

void get_tokens(struct routes_context *context, const struct params *params,
                struct routes_answer *answer)
{
	(void)params;
	if (has_access(context, answer))
		answer->body = json_pack("{s:o}", "tokens", access_tokens(context->access));
}

void post_token(struct routes_context *context, const struct params *params,
                struct routes_answer *answer)
{
	const char *name = params_get(params, "name"), *may = params_get(params, "may");
	char token[ACCESS_SECRET_TEXT_MAX];
	if (!has_access(context, answer))
		return;
	if (!name || !may || (strcmp(may, "read") && strcmp(may, "write"))) {
		routes_fail(answer, 400, "Give a \"name\", and what it \"may\": read or write.");
		return;
	}
	enum access_role role = strcmp(may, "write") ? ACCESS_VIEWER : ACCESS_ADMIN;
	int error = access_token_new(context->access, name, role, clock_now(), token, answer->error);
	if (error == PF_OK)
		answer->body = json_pack("{s:s, s:s, s:s}", "name", name, "role", access_role_word(role),
		                         "token", token);
	else
		answer->http = http_of(error);
}

void post_revoke_token(struct routes_context *context, const struct params *params,
                       struct routes_answer *answer)
{
	const char *name = params_get(params, "name");
	if (!has_access(context, answer))
		return;
	int error = access_token_revoke(context->access, name ? name : "", answer->error);
	if (error == PF_OK)
		get_tokens(context, params, answer);
	else
		answer->http = http_of(error);
}
