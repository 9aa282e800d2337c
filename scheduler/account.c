#include "scheduler/account.h"

static int64_t decided_to(const struct account *account)
{
    return account->skipped_to_at > account->accounted_to_at ? account->skipped_to_at
                                                             : account->accounted_to_at;
}

void account_flush(struct account *account, int64_t now_at)
{
    int64_t to_at = decided_to(account) < now_at ? decided_to(account) : now_at;

    while (account->accounted_to_at < to_at) {
        struct plan_run run =
            plan_run_from(&account->plan, account->accounted_to_at + 1, to_at + 1);

        if (run.count == 0) {
            account->accounted_to_at = to_at;
            break;
        }
        account->accounted_to_at = run.first_at + (int64_t)(run.count - 1) * run.step_us;
        account->on_missed(account->cookie, &run, account->reason);
    }
}

void account_skip(struct account *account, int64_t to_at, enum poll_detail reason)
{
    if (to_at <= decided_to(account))
        return;
    if (account->skipped_to_at > account->accounted_to_at && account->reason != reason)
        account_flush(account, account->skipped_to_at);
    account->reason = reason;
    account->skipped_to_at = to_at;
}

void account_note(struct account *account, int64_t slot_at)
{
    account_flush(account, slot_at - 1);
    if (account->accounted_to_at < slot_at)
        account->accounted_to_at = slot_at;
}

void account_change(struct account *account, int64_t at, enum poll_detail reason,
                    const struct plan *plan)
{
    account_skip(account, at, reason);
    account_flush(account, at);
    account->plan = *plan;
    if (account->accounted_to_at < at)
        account->accounted_to_at = at;
    account->skipped_to_at = account->accounted_to_at;
}

int64_t account_next_slot(const struct account *account)
{
    int64_t to_at = decided_to(account);

    if (to_at == AT_NEVER)
        return AT_NEVER;
    return plan_slot_from(&account->plan, to_at == AT_NONE ? AT_NONE : to_at + 1);
}
