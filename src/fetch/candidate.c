/* Is what came a list? It is read like the list that it is to become, before it becomes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/source.h"
#include "lists/lists.h"

/* The reader's sentence without the names that the owner knows: "the list `x`: PATH is a web page" → "is a web page". */
static void take_reason(const struct diag *diag, const char *path, char error[FETCH_ERROR_MAX])
{
	const char *text = "it can not be read";
	for (size_t i = 0; i < diag->count; i++)
		if (diag->entries[i].level == DIAG_ERROR && diag->entries[i].text) {
			text = diag->entries[i].text;
			break;
		}
	const char *found = strstr(text, path);
	if (found)
		snprintf(error, FETCH_ERROR_MAX, "what came%s", found + strlen(path));
	else
		snprintf(error, FETCH_ERROR_MAX, "%s", text);
}

int candidate_read(const struct config_list *list, const char *path, uint64_t *names,
                   char error[FETCH_ERROR_MAX])
{
	struct lists *lists = NULL;
	struct diag diag;
	struct config_list one = *list;
	struct config *config = calloc(1, sizeof *config);
	if (!config) {
		snprintf(error, FETCH_ERROR_MAX, "out of memory");
		return PF_ENOMEM;
	}
	one.file = (char *)(uintptr_t)path;
	one.url = NULL; /* as a file of the owner's: what is wrong with it is an error */
	one.rpz = NULL;
	config->lists = &one;
	config->list_count = 1;
	diag_init(&diag);
	int result = lists_load(config, &diag, &lists);
	if (result == PF_OK) {
		const struct list_info *info = lists_info(lists, 0);
		*names = info->names + info->patterns + info->networks + info->exceptions;
	} else if (result == PF_ENOMEM) {
		snprintf(error, FETCH_ERROR_MAX, "out of memory");
	} else {
		take_reason(&diag, path, error);
	}
	lists_free(&lists);
	diag_deinit(&diag);
	free(config);
	return result;
}
