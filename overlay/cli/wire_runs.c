/* SPDX-License-Identifier: BSD-3-Clause */

#include "wire_runs.h"

#include <pthread.h>

#include "probe_question.h"

/* The key manager takes 32 requests in a second of one host. */
#define GAP_MS 35

struct pool;

/* One run. */
struct slot {
	struct pool *pool;
	pthread_t thread;
	bool threaded;
	json_t *request; /* NULL: free */
	json_t *answer;  /* NULL: there is none */
	struct covey_error error;
	bool over;
};

struct pool {
	const struct wire_runs *runs;
	struct slot slots[WIRE_RUNS_AT_ONCE];
	size_t busy;
	pthread_mutex_t lock; /* of `over` */
	pthread_cond_t one_over;
};

static void *run(void *arg)
{
	struct slot *slot = arg;

	if (probe_question(slot->pool->runs->cli, json_incref(slot->request), &slot->answer,
			   &slot->error) < 0)
		slot->answer = NULL;
	pthread_mutex_lock(&slot->pool->lock);
	slot->over = true;
	pthread_cond_signal(&slot->pool->one_over);
	pthread_mutex_unlock(&slot->pool->lock);
	return NULL;
}

static struct slot *find_free(struct pool *pool)
{
	for (size_t i = 0; i < pool->runs->at_once; i++)
		if (!pool->slots[i].request)
			return &pool->slots[i];
	return NULL;
}

static void start(struct pool *pool, json_t *request)
{
	struct slot *slot = find_free(pool);

	*slot = (struct slot){.pool = pool, .request = request};
	slot->threaded = pthread_create(&slot->thread, NULL, run, slot) == 0;
	if (!slot->threaded)
		run(slot);
	pool->busy++;
	probe_question_wait(GAP_MS);
}

static bool finish(struct pool *pool, struct slot *slot)
{
	bool good;

	if (slot->threaded)
		pthread_join(slot->thread, NULL);
	good = pool->runs->take(pool->runs->arg, slot->request, slot->answer, &slot->error);
	json_decref(slot->answer);
	json_decref(slot->request);
	*slot = (struct slot){.pool = pool};
	pool->busy--;
	return good;
}

/* One that is over; NULL: none. Waits for one if it must. */
static struct slot *find_over(struct pool *pool, bool wait)
{
	struct slot *found = NULL;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		for (size_t i = 0; i < WIRE_RUNS_AT_ONCE && !found; i++)
			if (pool->slots[i].over)
				found = &pool->slots[i];
		if (found || !wait)
			break;
		pthread_cond_wait(&pool->one_over, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return found;
}

bool wire_runs_do(const struct wire_runs *runs)
{
	struct pool pool = {.runs = runs,
			    .lock = PTHREAD_MUTEX_INITIALIZER,
			    .one_over = PTHREAD_COND_INITIALIZER};
	bool good = true, more = true;

	while (more || pool.busy > 0) {
		bool full = pool.busy == runs->at_once;
		struct slot *over = pool.busy > 0 ? find_over(&pool, full || !more) : NULL;
		json_t *request;

		if (over) {
			good &= finish(&pool, over);
			continue;
		}
		request = good ? runs->next(runs->arg) : NULL;
		more = request != NULL;
		if (request)
			start(&pool, request);
	}
	pthread_cond_destroy(&pool.one_over);
	pthread_mutex_destroy(&pool.lock);
	return good;
}
