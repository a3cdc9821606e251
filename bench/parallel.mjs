// Work on many pictures in several processes: one that dies takes its own picture with it and no other.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** In the parent: gives each task to a free process; `done(task, answer)` as they come. `answer.died` says how one ended. */
export function inParallel(file, settings, tasks, jobs, done) {
  const waiting = [...tasks]
  const started = performance.now()
  let finished = 0
  return new Promise((resolve) => {
    let alive = 0
    const start = () => {
      alive++
      let task
      const child = fork(fileURLToPath(file), [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      const settle = (answer) => {
        finished++
        const left = ((performance.now() - started) / finished) * (tasks.length - finished)
        process.stderr.write(`[${finished}/${tasks.length}] ${task.name} (about ${Math.ceil(left / 60000)} min left)\n`)
        done(task, answer)
        task = undefined
      }
      const next = () => {
        task = waiting.shift()
        if (task === undefined) child.disconnect()
        else child.send(task)
      }
      child.on('message', (answer) => {
        if (answer !== 'ready') settle(answer)
        next()
      })
      child.on('exit', (code, signal) => {
        if (task !== undefined) settle({ died: signal ?? `exit code ${code}` })
        alive--
        if (waiting.length > 0) start()
        else if (alive === 0) resolve()
      })
      child.send(settings)
    }
    for (let job = 0; job < Math.min(jobs, tasks.length); job++) start()
    if (tasks.length === 0) resolve()
  })
}

/** In the child: `begin(settings)` gives the function that answers tasks. */
export function serve(begin) {
  let work
  // No more work, or no more parent; whatever was opened closes with the process.
  process.on('disconnect', () => process.exit(0))
  process.on('message', async (message) => {
    if (work === undefined) {
      work = await begin(message)
      process.send('ready')
    } else {
      process.send(await work(message).catch((thrown) => {
        process.stderr.write(`${thrown.stack}\n`)
        return { died: thrown.message }
      }))
    }
  })
}
