// Carries out a task with amqp091-go, as its documentation says to use it: the same tasks and results as the clients for Node.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const replyTo = "amq.rabbitmq.reply-to"

type task struct {
	Role        string  `json:"role"`
	URL         string  `json:"url"`
	Queue       string  `json:"queue"`
	Bytes       int     `json:"bytes"`
	Window      int     `json:"window"`
	Prefetch    int     `json:"prefetch"`
	Concurrency int     `json:"concurrency"`
	WarmUpMs    int     `json:"warmUpMs"`
	MeasureMs   int     `json:"measureMs"`
	Rate        float64 `json:"rate"`
	Messages    int     `json:"messages"`
}

type body struct {
	ID   int64  `json:"id"`
	Text string `json:"text"`
}

type result struct {
	PerSecond           float64 `json:"perSecond"`
	CPUMicrosPerMessage float64 `json:"cpuMicrosPerMessage"`
	RssMb               float64 `json:"rssMb"`
	P50                 float64 `json:"p50"`
	P99                 float64 `json:"p99"`
	Messages            int64   `json:"messages"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func say(line any) {
	text, err := json.Marshal(line)
	must(err)
	fmt.Println(string(text))
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func cpu() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func rssMb() float64 {
	statm, err := os.ReadFile("/proc/self/statm")
	must(err)
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	must(err)
	return float64(pages*os.Getpagesize()) / 1e6
}

// meter marks what is counted between the warm-up and the end.
type meter struct {
	total   atomic.Int64
	begun   atomic.Bool
	counted int64
	since   time.Time
	cpu     time.Duration
	lock    sync.Mutex
	times   []float64
}

func (m *meter) begin() {
	m.counted, m.since, m.cpu = m.total.Load(), time.Now(), cpu()
	m.begun.Store(true)
}

func (m *meter) timed(micros int64) int64 {
	if m.begun.Load() {
		m.lock.Lock()
		m.times = append(m.times, float64(micros)/1000)
		m.lock.Unlock()
	}
	return m.total.Add(1)
}

func (m *meter) result() result {
	seconds, used, total := time.Since(m.since).Seconds(), cpu()-m.cpu, m.total.Load()
	m.lock.Lock()
	defer m.lock.Unlock()
	sort.Float64s(m.times)
	at := func(share float64) float64 {
		if len(m.times) == 0 {
			return 0
		}
		return m.times[min(len(m.times)-1, int(float64(len(m.times))*share))]
	}
	messages := total - m.counted
	return result{float64(messages) / seconds, float64(used.Microseconds()) / float64(max(1, messages)), rssMb(), at(0.5), at(0.99), total}
}

func message(b body) amqp.Publishing {
	text, err := json.Marshal(b)
	must(err)
	return amqp.Publishing{ContentType: "application/json", Body: text}
}

func read(content []byte) body {
	var b body
	must(json.Unmarshal(content, &b))
	return b
}

func text(t task) string { return strings.Repeat("x", max(0, t.Bytes-33)) }

func publish(channel *amqp.Channel, t task, m *meter) {
	must(channel.Confirm(false))
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, t.Window))
	room := make(chan struct{}, t.Window)
	go func() {
		for confirm := range confirms {
			if !confirm.Ack {
				must(fmt.Errorf("a message was refused"))
			}
			m.total.Add(1)
			<-room
		}
	}()
	say(map[string]bool{"ready": true})
	go func() {
		content := text(t)
		began := time.Now()
		for sent := 0; ; sent++ {
			for t.Rate > 0 && float64(sent) >= time.Since(began).Seconds()*t.Rate {
				time.Sleep(time.Millisecond)
			}
			room <- struct{}{}
			one := message(body{time.Now().UnixMicro(), content})
			one.DeliveryMode = amqp.Persistent
			must(channel.PublishWithContext(context.Background(), "", t.Queue, false, false, one))
		}
	}()
	time.Sleep(ms(t.WarmUpMs))
	m.begin()
	time.Sleep(ms(t.MeasureMs))
}

func consume(channel *amqp.Channel, t task, m *meter) {
	must(channel.Qos(t.Prefetch, 0, false))
	deliveries, err := channel.Consume(t.Queue, "", false, false, false, false, nil)
	must(err)
	first, last := make(chan struct{}), make(chan struct{})
	warm := make(chan struct{})
	say(map[string]bool{"ready": true})
	go func() {
		for delivery := range deliveries {
			count := m.timed(time.Now().UnixMicro() - read(delivery.Body).ID)
			must(delivery.Ack(false))
			if count == 1 {
				close(first)
			}
			if count == int64(t.Messages/4) {
				close(warm)
			}
			if t.Messages > 0 && count == int64(t.Messages) {
				close(last)
			}
		}
	}()
	<-first
	select {
	case <-warm:
	case <-time.After(ms(t.WarmUpMs)):
	}
	m.begin()
	select {
	case <-last:
	case <-time.After(ms(t.MeasureMs)):
	}
}

func request(channel *amqp.Channel, t task, m *meter) {
	replies, err := channel.Consume(replyTo, "", true, false, false, false, nil)
	must(err)
	var waiting sync.Map
	go func() {
		for reply := range replies {
			if to, found := waiting.LoadAndDelete(reply.CorrelationId); found {
				to.(chan body) <- read(reply.Body)
			}
		}
	}()
	say(map[string]bool{"ready": true})
	content := text(t)
	var counter atomic.Int64
	for range t.Concurrency {
		go func() {
			answer := make(chan body, 1)
			for {
				id, correlation := time.Now().UnixMicro(), strconv.FormatInt(counter.Add(1), 10)
				waiting.Store(correlation, answer)
				one := message(body{id, content})
				one.CorrelationId, one.ReplyTo = correlation, replyTo
				must(channel.PublishWithContext(context.Background(), "", t.Queue, false, false, one))
				if reply := <-answer; reply.ID != id {
					must(fmt.Errorf("asked %d, and %d was answered", id, reply.ID))
				}
				m.timed(time.Now().UnixMicro() - id)
			}
		}()
	}
	time.Sleep(ms(t.WarmUpMs))
	m.begin()
	time.Sleep(ms(t.MeasureMs))
}

func answer(channel *amqp.Channel, t task, m *meter) {
	must(channel.Qos(t.Prefetch, 0, false))
	deliveries, err := channel.Consume(t.Queue, "", false, false, false, false, nil)
	must(err)
	m.begin()
	say(map[string]bool{"ready": true})
	go func() {
		for delivery := range deliveries {
			m.total.Add(1)
			one := message(read(delivery.Body))
			one.CorrelationId = delivery.CorrelationId
			must(channel.PublishWithContext(context.Background(), "", delivery.ReplyTo, false, false, one))
			must(delivery.Ack(false))
		}
	}()
}

func main() {
	input := bufio.NewReader(os.Stdin)
	line, err := input.ReadBytes('\n')
	must(err)
	var t task
	must(json.Unmarshal(line, &t))
	connection, err := amqp.Dial(t.URL)
	must(err)
	channel, err := connection.Channel()
	must(err)
	m := &meter{}
	switch t.Role {
	case "publish":
		publish(channel, t, m)
	case "consume":
		consume(channel, t, m)
	case "request":
		request(channel, t, m)
	case "answer":
		answer(channel, t, m)
		_, _ = io.Copy(io.Discard, input)
	default:
		must(fmt.Errorf("there is no task %q", t.Role))
	}
	say(m.result())
}
