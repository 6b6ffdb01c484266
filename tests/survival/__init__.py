"""It survives: the whole service on a real Kafka and a real Redis, with processes that die and memories that are lost.

`worker` is the process under test, `cluster` conducts a run, `load` is what there is to do, `documents` and `flows` are
the configurations, `neighbours` are who share broker and memory, `operating` is what operators do. `witness` sees
everything, `ledger` reads what the sources hold, and `tests.checker` judges it, which shares no code with the service.

    python -m pytest tests/survival                          every kind of fault, a few minutes
    python -m tests.survival --minutes 10 --seed 7           many faults in an order drawn from the seed
"""
