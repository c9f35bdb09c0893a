"""Carries out a task with aio-pika, as its documentation says to use it: the same tasks and results as the clients for Node."""

import asyncio
import json
import os
import resource
import sys
import time

import aio_pika
import orjson

REPLY_TO = "amq.rabbitmq.reply-to"


def now_micros():
    return time.time_ns() // 1000


def say(line):
    print(json.dumps(line), flush=True)


def rss_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Meter:
    """Marks what is counted between the warm-up and the end."""

    def __init__(self):
        self.total = 0
        self.counted = 0
        self.begun = False
        self.times = []

    def begin(self):
        self.begun = True
        self.counted = self.total
        self.since = time.perf_counter()
        self.cpu = cpu_seconds()

    def timed(self, micros):
        self.total += 1
        if self.begun:
            self.times.append(micros / 1000)

    def result(self):
        seconds = time.perf_counter() - self.since
        cpu = cpu_seconds() - self.cpu
        messages = self.total - self.counted
        self.times.sort()

        def at(share):
            return self.times[min(len(self.times) - 1, int(len(self.times) * share))] if self.times else 0

        return {
            "perSecond": messages / seconds,
            "cpuMicrosPerMessage": cpu * 1e6 / max(1, messages),
            "rssMb": rss_mb(),
            "p50": at(0.5),
            "p99": at(0.99),
            "messages": self.total,
        }


async def wait(event, ms):
    try:
        await asyncio.wait_for(event.wait(), ms / 1000)
    except asyncio.TimeoutError:
        pass


def message_of(body, **more):
    return aio_pika.Message(orjson.dumps(body), content_type="application/json", **more)


async def publish(channel, task, meter):
    text = "x" * max(0, task["bytes"] - 33)
    mode = aio_pika.DeliveryMode.PERSISTENT
    exchange = channel.default_exchange
    over = False
    began = time.perf_counter()
    sent = 0

    async def loop():
        nonlocal sent
        while not over:
            if task["rate"] > 0:
                due = int((time.perf_counter() - began) * task["rate"])
                if sent >= due:
                    await asyncio.sleep(0.002)
                    continue
            sent += 1
            await exchange.publish(message_of({"id": now_micros(), "text": text}, delivery_mode=mode), routing_key=task["queue"])
            meter.total += 1

    say({"ready": True})
    loops = [asyncio.create_task(loop()) for _ in range(task["window"])]
    await asyncio.sleep(task["warmUpMs"] / 1000)
    meter.begin()
    await asyncio.sleep(task["measureMs"] / 1000)
    over = True
    return loops


async def consume(channel, task, meter):
    first, last = asyncio.Event(), asyncio.Event()
    messages = task["messages"]

    async def handle(message):
        async with message.process():
            body = orjson.loads(message.body)
            first.set()
            meter.timed(now_micros() - body["id"])
            if messages == 0:
                return
            if not meter.begun and meter.total >= messages / 4:
                meter.begin()
            if meter.total == messages:
                last.set()

    queue = await channel.get_queue(task["queue"], ensure=False)
    await queue.consume(handle)
    say({"ready": True})
    await first.wait()
    await wait(last, task["warmUpMs"])
    if not meter.begun:
        meter.begin()
    await wait(last, task["measureMs"])


async def request(channel, task, meter):
    text = "x" * max(0, task["bytes"] - 33)
    waiting = {}
    counter = 0
    over = False

    async def on_reply(reply):
        future = waiting.pop(reply.correlation_id, None)
        if future:
            future.set_result(orjson.loads(reply.body))

    replies = await channel.get_queue(REPLY_TO, ensure=False)
    await replies.consume(on_reply, no_ack=True)

    async def loop():
        nonlocal counter
        while not over:
            sent = now_micros()
            counter += 1
            future = waiting[str(counter)] = asyncio.get_running_loop().create_future()
            await channel.default_exchange.publish(
                message_of({"id": sent, "text": text}, correlation_id=str(counter), reply_to=REPLY_TO), routing_key=task["queue"]
            )
            reply = await future
            assert reply["id"] == sent
            meter.timed(now_micros() - sent)

    say({"ready": True})
    loops = [asyncio.create_task(loop()) for _ in range(task["concurrency"])]
    await asyncio.sleep(task["warmUpMs"] / 1000)
    meter.begin()
    await asyncio.sleep(task["measureMs"] / 1000)
    over = True
    return loops


async def answer(channel, task, meter):
    async def handle(message):
        async with message.process():
            meter.total += 1
            await channel.default_exchange.publish(
                message_of(orjson.loads(message.body), correlation_id=message.correlation_id), routing_key=message.reply_to
            )

    meter.begin()
    queue = await channel.get_queue(task["queue"], ensure=False)
    await queue.consume(handle)
    say({"ready": True})
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def main():
    task = json.loads(sys.stdin.readline())
    meter = Meter()
    connection = await aio_pika.connect_robust(task["url"])
    channel = await connection.channel(publisher_confirms=task["role"] == "publish")
    await channel.set_qos(prefetch_count=task["prefetch"])
    role = {"publish": publish, "consume": consume, "request": request, "answer": answer}[task["role"]]
    kept = await role(channel, task, meter)
    say(meter.result())
    del kept
    sys.stdout.flush()
    os._exit(0)


asyncio.run(main())
