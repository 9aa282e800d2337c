#include "export/crew.h"

#include <pthread.h>
#include <stdlib.h>

struct crew_thread {
    struct crew *crew;
    unsigned hand;
    pthread_t id;
};

struct crew {
    struct crew_plan plan;
    /* Jobs are counted over the crew's life: dropped ≤ taken ≤ put. Those dropped and put only the
     * owner changes. */
    size_t dropped, taken, put;
    bool *is_done; /* by place; under `lock`, as is `taken` */
    unsigned busy; /* threads at work, the owner's not counted */
    bool is_over;
    pthread_mutex_t lock;
    pthread_cond_t has_jobs, has_done;
    unsigned started;
    struct crew_thread threads[CREW_THREADS_MAX];
};

static size_t place_of(const struct crew *crew, size_t job)
{
    return job % crew->plan.places;
}

/* The oldest job that nobody has taken. Under lock. */
static bool take(struct crew *crew, size_t *place)
{
    while (crew->taken < crew->put && crew->is_done[place_of(crew, crew->taken)])
        crew->taken++;
    if (crew->taken == crew->put)
        return false;
    *place = place_of(crew, crew->taken++);
    return true;
}

static void *run(void *cookie)
{
    struct crew_thread *thread = cookie;
    struct crew *crew = thread->crew;
    size_t place;

    pthread_mutex_lock(&crew->lock);
    while (!crew->is_over) {
        if (!take(crew, &place)) {
            pthread_cond_wait(&crew->has_jobs, &crew->lock);
            continue;
        }
        crew->busy++;
        pthread_mutex_unlock(&crew->lock);
        crew->plan.work(crew->plan.cookie, thread->hand, place);
        pthread_mutex_lock(&crew->lock);
        crew->busy--;
        crew->is_done[place] = true;
        pthread_cond_signal(&crew->has_done);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

int crew_new(struct crew **out, const struct crew_plan *plan, struct err *err)
{
    struct crew *crew = calloc(1, sizeof *crew);

    *out = NULL;
    if (!crew)
        return err_memory(err);
    crew->is_done = calloc(plan->places, sizeof *crew->is_done);
    if (!crew->is_done) {
        free(crew);
        return err_memory(err);
    }
    crew->plan = *plan;
    if (crew->plan.threads > CREW_THREADS_MAX)
        crew->plan.threads = CREW_THREADS_MAX;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->has_jobs, NULL);
    pthread_cond_init(&crew->has_done, NULL);
    *out = crew;
    return 0;
}

void crew_free(struct crew *crew)
{
    unsigned i;

    if (!crew)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->is_over = true;
    pthread_cond_broadcast(&crew->has_jobs);
    pthread_mutex_unlock(&crew->lock);
    for (i = 0; i < crew->started; i++)
        pthread_join(crew->threads[i].id, NULL);
    pthread_cond_destroy(&crew->has_done);
    pthread_cond_destroy(&crew->has_jobs);
    pthread_mutex_destroy(&crew->lock);
    free(crew->is_done);
    free(crew);
}

static void start_threads(struct crew *crew)
{
    while (crew->started + 1 < crew->plan.threads) {
        struct crew_thread *thread = &crew->threads[crew->started];

        *thread = (struct crew_thread){.crew = crew, .hand = crew->started + 1};
        if (pthread_create(&thread->id, NULL, run, thread)) {
            crew->plan.threads = crew->started + 1;
            return;
        }
        crew->started++;
    }
}

bool crew_is_empty(const struct crew *crew)
{
    return crew->dropped == crew->put;
}

bool crew_has_room(const struct crew *crew)
{
    return crew->put - crew->dropped < crew->plan.places;
}

size_t crew_place(const struct crew *crew)
{
    return place_of(crew, crew->put);
}

void crew_put(struct crew *crew, bool has_work)
{
    if (!crew_is_empty(crew))
        start_threads(crew);
    pthread_mutex_lock(&crew->lock);
    crew->is_done[crew_place(crew)] = !has_work;
    crew->put++;
    if (has_work && crew->started)
        pthread_cond_signal(&crew->has_jobs);
    pthread_mutex_unlock(&crew->lock);
}

size_t crew_collect(struct crew *crew, bool *is_done)
{
    size_t oldest = place_of(crew, crew->dropped), place = oldest;

    pthread_mutex_lock(&crew->lock);
    while (!crew->is_done[oldest]) {
        if (!take(crew, &place)) {
            pthread_cond_wait(&crew->has_done, &crew->lock);
            continue;
        }
        if (place == oldest)
            break;
        pthread_mutex_unlock(&crew->lock);
        crew->plan.work(crew->plan.cookie, 0, place);
        pthread_mutex_lock(&crew->lock);
        crew->is_done[place] = true;
    }
    *is_done = crew->is_done[oldest];
    pthread_mutex_unlock(&crew->lock);
    return oldest;
}

void crew_drop(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->dropped++;
    if (crew->taken < crew->dropped)
        crew->taken = crew->dropped;
    pthread_mutex_unlock(&crew->lock);
}

void crew_abandon(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->taken = crew->put;
    while (crew->busy)
        pthread_cond_wait(&crew->has_done, &crew->lock);
    crew->dropped = crew->put;
    pthread_mutex_unlock(&crew->lock);
}
