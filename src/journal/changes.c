/* The queue of changes.h. */
#include "journal/changes.h"

void changes_init(struct changes *changes)
{
	pthread_mutex_init(&changes->lock, NULL);
	changes->first = changes->count = 0;
}

void changes_deinit(struct changes *changes)
{
	pthread_mutex_destroy(&changes->lock);
}

int changes_put(struct changes *changes, const struct device_change *change)
{
	int result = PF_EFULL;
	pthread_mutex_lock(&changes->lock);
	if (changes->count < CHANGES_MAX) {
		changes->queue[(changes->first + changes->count++) % CHANGES_MAX] = *change;
		result = PF_OK;
	}
	pthread_mutex_unlock(&changes->lock);
	return result;
}

size_t changes_count(struct changes *changes)
{
	pthread_mutex_lock(&changes->lock);
	size_t count = changes->count;
	pthread_mutex_unlock(&changes->lock);
	return count;
}

void changes_get(struct changes *changes, size_t index, struct device_change *change)
{
	pthread_mutex_lock(&changes->lock);
	*change = changes->queue[(changes->first + index) % CHANGES_MAX];
	pthread_mutex_unlock(&changes->lock);
}

void changes_drop(struct changes *changes, size_t count)
{
	pthread_mutex_lock(&changes->lock);
	changes->first = (changes->first + count) % CHANGES_MAX;
	changes->count -= count;
	pthread_mutex_unlock(&changes->lock);
}
